"""Displays draw what they were given, without a screen."""

import subprocess
import sys
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.contour import ContourSet
from sklearn.datasets import load_digits
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline

from skdigits import make_digit_pipeline, plotting
from skdigits.evaluation import (
    attribution,
    expected_calibration_error,
    leakage,
    report,
    risk_coverage_area,
    robustness,
)
from skdigits.plotting import (
    AttributionDisplay,
    DigitGalleryDisplay,
    ErrorGalleryDisplay,
    ReliabilityDisplay,
    RiskCoverageDisplay,
    TrainingHistoryDisplay,
)


@pytest.fixture(autouse=True)
def headless():
    plt.switch_backend("Agg")
    yield
    plt.close("all")


def draw(figure):
    """Render; layout and text problems come out as warnings, which are errors."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())


def test_public_names():
    for name in plotting.__all__:
        assert name.endswith("Display")
        assert getattr(plotting, name).__doc__


@pytest.mark.slow
@pytest.mark.parametrize(
    "display_class", [ErrorGalleryDisplay, ReliabilityDisplay, RiskCoverageDisplay]
)
def test_displays_draw_where_they_are_told(display_class, weak):
    clf, X, y = weak
    own = display_class.from_estimator(clf, X, y)
    assert own.figure_ is own.ax_.figure
    assert draw(own.figure_).min() < 255
    figure, axes = plt.subplots(1, 2)
    given = display_class.from_estimator(clf, X, y, ax=axes[1])
    assert given.ax_ is axes[1]
    assert given.figure_ is figure
    draw(figure)


def test_reliability_shows_accuracy_by_confidence(weak):
    clf, X, y = weak
    display = ReliabilityDisplay.from_estimator(clf, X, y, n_bins=10, color="k")
    confidence, accuracy = display.line_.get_data()
    used = display.count > 0
    assert display.count.sum() == len(y)
    assert len(confidence) == used.sum()
    error = np.sum(np.abs(accuracy - confidence) * display.count[used]) / len(y)
    assert error == pytest.approx(
        expected_calibration_error(y, clf.predict_proba(X), n_bins=10, labels=clf.classes_)
    )
    heights = [bar.get_height() for bar in display.count_ax_.patches]
    assert heights == display.count.tolist()
    assert display.line_.get_label() == "GaussianNB"
    assert display.line_.get_color() == "k"


def test_reliability_of_text_labels():
    y_proba = [[0.9, 0.1], [0.6, 0.4], [0.3, 0.7]]
    display = ReliabilityDisplay.from_predictions(
        ["one", "two", "two"], y_proba, labels=["one", "two"], n_bins=5, name="mine"
    )
    assert display.count.tolist() == [0, 0, 1, 1, 1]
    assert display.line_.get_label() == "mine"


def test_risk_coverage_is_drawn_in_percent(weak):
    clf, X, y = weak
    display = RiskCoverageDisplay.from_estimator(clf, X, y, name="bayes")
    coverage, risk = display.line_.get_data()
    assert coverage[-1] == 100
    assert risk[-1] == pytest.approx(100 * (1 - clf.score(X, y)))
    area = risk_coverage_area(y, clf.predict_proba(X), labels=clf.classes_)
    assert display.line_.get_label() == f"bayes, area {area:.2g}"


def test_errors_say_both_labels_and_the_confidence(weak):
    clf, X, y = weak
    display = ErrorGalleryDisplay.from_estimator(clf, X, y, n_images=7)
    surest = report(clf, X, y, n_errors=7).errors_to_frame()
    assert len(display.axes_) == 7
    for ax, error in zip(display.axes_, surest.itertuples(), strict=True):
        assert ax.get_title() == (
            f"{error.true} read as {error.predicted}\n{100 * error.confidence:.1f} %"
        )
        np.testing.assert_array_equal(ax.images[0].get_array(), X[error.Index].reshape(8, 8))


def test_errors_do_not_cover_each_other(weak):
    display = ErrorGalleryDisplay.from_estimator(*weak, n_images=25)
    draw(display.figure_)
    boxes = [box for ax in display.axes_ for box in (ax.get_window_extent(),)]
    boxes += [ax.title.get_window_extent() for ax in display.axes_]
    covered = [
        (i, j)
        for i in range(len(boxes))
        for j in range(i)
        if boxes[i].shrunk(0.95, 0.95).overlaps(boxes[j].shrunk(0.95, 0.95))
    ]
    assert covered == []


def test_no_errors(weak):
    _, X, y = weak
    display = ErrorGalleryDisplay.from_predictions(X, y, np.eye(10)[y])
    assert [text.get_text() for text in display.ax_.texts] == ["no errors"]
    draw(display.figure_)


def test_pictures_of_other_shapes():
    X = np.arange(24.0).reshape(2, 12)
    display = ErrorGalleryDisplay(X, [0, 1], [1, 0], [0.9, 0.8], image_shape=(3, 4)).plot()
    assert display.axes_[0].images[0].get_array().shape == (3, 4)


@pytest.mark.parametrize("n_rows", [1, 30])
def test_gallery(n_rows):
    X, y = load_digits(return_X_y=True)
    display = DigitGalleryDisplay.from_data(X[:n_rows], y[:n_rows], n_images=9, random_state=0)
    drawn = [ax for ax in display.axes_ if ax.images]
    assert len(drawn) == min(n_rows, 9)
    assert {ax.get_title() for ax in drawn} <= {str(label) for label in y[:n_rows]}
    draw(display.figure_)


def test_gallery_draws_where_it_is_told():
    X, y = load_digits(return_X_y=True)
    figure, axes = plt.subplots(1, 2)
    display = DigitGalleryDisplay.from_data(X, y, n_images=5, random_state=0, ax=axes[1])
    assert display.ax_ is axes[1]
    assert display.figure_ is figure
    assert len(display.axes_) == 5
    draw(figure)


def test_attribution(weak):
    clf, X, _ = weak
    display = AttributionDisplay.from_estimator(clf, X[:5], n_columns=5)
    proba = clf.predict_proba(X[:5])
    assert [ax.get_title() for ax in display.axes_] == [
        f"{row.argmax()}: {100 * row.max():.1f} %" for row in proba
    ]
    np.testing.assert_array_equal(display.attribution, attribution(clf, X[:5]))
    drawn = [np.asarray(ax.images[1].get_array()) for ax in display.axes_]
    np.testing.assert_array_equal(drawn, display.attribution)
    figure, axes = plt.subplots(1, 2)
    given = AttributionDisplay.from_estimator(clf, X[:2], labels=[3, 4], ax=axes[0])
    assert given.ax_ is axes[0]
    assert given.axes_[1].get_title() == f"4: {100 * proba[1, 4]:.1f} %"
    draw(figure)


def test_attribution_is_read_without_colours():
    """A solid line round what speaks for the class, a dashed one round what speaks against it."""
    attribution = np.zeros((1, 6, 6))
    attribution[0, 1, 1], attribution[0, 4, 4] = 2, -2
    display = AttributionDisplay(np.zeros((1, 36)), attribution).plot()
    lines = [c for c in display.axes_[0].collections if isinstance(c, ContourSet)]
    middles = [line.get_paths()[0].vertices.mean(axis=0).tolist() for line in lines]
    assert middles == [pytest.approx([1, 1], abs=0.2), pytest.approx([4, 4], abs=0.2)]
    assert [line.get_linestyle()[0][1] is None for line in lines] == [True, False]
    draw(display.figure_)


def test_attribution_of_nothing():
    display = AttributionDisplay(np.zeros((2, 36)), np.zeros((2, 6, 6))).plot()
    draw(display.figure_)


@pytest.mark.parametrize("display_class", [ReliabilityDisplay, RiskCoverageDisplay])
def test_curves_on_the_same_axes_are_told_apart(display_class, weak):
    """By more than their colour; and the axes hold all of them."""
    clf, X, y = weak
    sure = np.eye(10)[y] * 0.9 + 0.01
    better = SimpleNamespace(predict_proba=lambda rows: sure, classes_=np.arange(10))
    ax = plt.figure().add_subplot()
    displays = [display_class.from_estimator(e, X, y, ax=ax) for e in (better, clf, better)]
    styles = [(d.line_.get_color(), d.line_.get_linestyle()) for d in displays]
    assert len({color for color, _ in styles}) == len({line for _, line in styles}) == 3
    assert ax.get_ylim()[1] >= max(d.line_.get_ydata().max() for d in displays)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert len(labels) == len(displays) + labels.count("as right as sure")
    assert labels.count("as right as sure") <= 1
    draw(ax.figure)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda network: Pipeline([("network", network)]),
        lambda network: SimpleNamespace(best_estimator_=Pipeline([("network", network)])),
        lambda network: SimpleNamespace(estimator_=network),
    ],
)
def test_training_history_of_what_holds_a_network(wrap):
    history = {"accuracy": [0.5, 0.9, 0.8], "loss": [2, 1, 0.5]}
    history |= {f"val_{name}": values for name, values in history.items()}
    network = SimpleNamespace(history_=history, best_epoch_=2)
    display = TrainingHistoryDisplay.from_estimator(wrap(network))
    kept = display.axes_[0].lines[-1]
    assert (kept.get_label(), kept.get_xdata()[0]) == ("kept epoch", 2)
    draw(display.figure_)


def test_training_history_is_not_everywhere():
    with pytest.raises(TypeError, match="GaussianNB has no history_"):
        TrainingHistoryDisplay.from_estimator(GaussianNB())
    with pytest.raises(TypeError, match="Give one of its estimators_"):
        TrainingHistoryDisplay.from_estimator(SimpleNamespace(estimators_=[]))


@pytest.mark.slow
def test_training_history(small_digits):
    X, y = small_digits
    pipeline = make_digit_pipeline("fast", epochs=2, validation_fraction=0.2, random_state=0)
    pipeline.fit(255 * X[:150], y[:150])
    display = TrainingHistoryDisplay.from_estimator(pipeline)
    labels = [line.get_label() for line in display.axes_[0].lines]
    assert labels == ["training (augmented)", "validation", "kept epoch"]
    draw(display.figure_)


@pytest.mark.slow
def test_figure_of_a_report(weak):
    figure = report(*weak).plot()
    draw(figure)
    labels = [ax.get_xlabel() for ax in figure.axes]
    assert "read as" in labels
    assert "confidence" in labels
    assert "897 rows" in figure.get_suptitle()


def test_figure_of_robustness(weak):
    found = robustness(*weak, corruptions=["shift", "noise"], levels=[1, 3, 5], scale=16)
    figure = found.plot()
    draw(figure)
    titles = [ax.get_title().split("\n")[-1] for ax in figure.axes]
    assert titles == [f"{100 * share:.1f} %" for share in found.accuracy.ravel()]
    assert [figure.axes[i].get_ylabel() for i in (0, 3)] == ["shift", "noise"]


def test_figure_of_leakage():
    X = load_digits().data
    figure = leakage(X[:100], np.vstack([X[50:53], X[500:510]]), min_similarity=0.999).plot()
    draw(figure)
    assert len(figure.axes) == 6
    assert figure.axes[0].get_title() == "exact\ntest 0"
    assert figure.axes[3].get_title() == "train 50"


def test_figure_of_no_leakage():
    found = leakage(np.eye(4), 1 - np.eye(4), max_shift=0)
    with pytest.raises(ValueError, match="no pairs to draw"):
        found.plot()


@pytest.mark.slow
def test_missing_matplotlib_is_named():
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from skdigits.plotting import RiskCoverageDisplay\n"
        "RiskCoverageDisplay([1], [0]).plot()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert 'pip install "skdigits[plot]"' in done.stderr


@pytest.mark.slow
def test_importing_loads_nothing_heavy():
    code = "import skdigits.plotting, skdigits.evaluation, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"matplotlib", "tensorflow", "keras"} & set(done.stdout.split())
