"""Complete figures for the reports of :mod:`skdigits.evaluation`."""

from skdigits._utils.images import as_images
from skdigits.plotting._errors import ErrorGalleryDisplay
from skdigits.plotting._reliability import ReliabilityDisplay
from skdigits.plotting._risk_coverage import RiskCoverageDisplay
from skdigits.plotting._style import pyplot


def plot_report(report):
    """Confusion matrix, reliability, risk against coverage, and the most confident errors."""
    figure, axes = pyplot().subplots(2, 2, figsize=(12, 11.5), layout="constrained")
    (confusion_ax, reliability_ax), (risk_ax, errors_ax) = axes
    _plot_confusion(report, confusion_ax)
    ReliabilityDisplay.from_predictions(
        report.y_true,
        report.y_proba,
        labels=report.labels,
        n_bins=report.n_bins,
        ax=reliability_ax,
        name=f"calibration error {100 * report.calibration_error:.2f} %",
    )
    coverage, risk, _ = report.risk_coverage
    RiskCoverageDisplay(coverage, risk, area=report.risk_coverage_area).plot(ax=risk_ax)
    ErrorGalleryDisplay(
        report.error_rows,
        report.error_true,
        report.error_pred,
        report.error_confidence,
        image_shape=report.image_shape,
    ).plot(ax=errors_ax)
    low, high = report.accuracy_interval
    figure.suptitle(
        f"{report.n_samples:,} rows, accuracy {100 * report.accuracy:.2f} % "
        f"({100 * report.confidence_level:g} % interval {100 * low:.2f} to {100 * high:.2f} %)"
    )
    return figure


def _plot_confusion(report, ax):
    from matplotlib.colors import PowerNorm
    from sklearn.metrics import ConfusionMatrixDisplay

    # A linear scale would show every error of a good classifier as white.
    norm = PowerNorm(0.3, vmin=0, vmax=max(report.confusion_matrix.max(), 1))
    display = ConfusionMatrixDisplay(report.confusion_matrix, display_labels=report.labels)
    display.plot(ax=ax, cmap="Blues", colorbar=False, values_format="d", im_kw={"norm": norm})
    for text, count in zip(display.text_.flat, report.confusion_matrix.flat, strict=True):
        text.set_color("white" if norm(count) > 0.6 else "black")
    ax.set(xlabel="read as", ylabel="true label")


def plot_robustness(report):
    """One digit with every corruption, each with the accuracy on all rows."""
    n_lines, n_columns = report.accuracy.shape
    figure, axes = pyplot().subplots(
        n_lines,
        n_columns,
        figsize=(1.3 * n_columns + 1.2, 1.45 * n_lines + 0.8),
        layout="constrained",
        squeeze=False,
    )
    for i, name in enumerate(report.corruptions):
        for j, level in enumerate(report.levels):
            ax = axes[i, j]
            ax.imshow(report.examples[i, j], cmap="gray_r", vmin=0, vmax=255)
            ax.set(xticks=[], yticks=[])
            above = f"level {level:g}\n" if i == 0 else ""
            ax.set_title(f"{above}{100 * report.accuracy[i, j]:.1f} %", fontsize=10)
        axes[i, 0].set_ylabel(name)
    figure.suptitle(
        f"accuracy of {report.n_samples:,} rows; as they are: "
        f"{100 * report.clean['accuracy']:.1f} %"
    )
    return figure


def plot_leakage(report):
    """Rows of the test set above the training rows that they are copies of."""
    n_pairs = len(report.test_rows)
    if not n_pairs:
        raise ValueError("There are no pairs to draw: no copies were found, or n_shown was 0.")
    figure, axes = pyplot().subplots(
        2, n_pairs, figsize=(1.5 * n_pairs + 0.5, 4.2), layout="constrained", squeeze=False
    )
    test, train = (
        as_images(rows, report.image_shape) for rows in (report.test_rows, report.train_rows)
    )
    for i in range(n_pairs):
        kind = "exact" if report.is_exact[i] else f"{report.similarity[i]:.4f}"
        for ax, image, title in [
            (axes[0, i], test[i], f"{kind}\ntest {report.test_indices[i]}"),
            (axes[1, i], train[i], f"train {report.train_indices[i]}"),
        ]:
            ax.imshow(image[..., 0], cmap="gray_r")
            ax.set(xticks=[], yticks=[])
            ax.set_title(title, fontsize=10)
    return figure
