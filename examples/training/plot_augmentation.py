"""
What augmentation is good for
=============================

Training on distorted pictures makes a network sturdy.

It sees each picture a little turned, zoomed, sheared and shifted, and never the same way twice. The
accuracy on the same kind of rows hardly moves; on rows that are not
quite placed as in training it does.
"""

# %%
# Two networks that differ in nothing else.

from sklearn.model_selection import train_test_split

from skdigits import make_digit_pipeline
from skdigits.datasets import load_bundled_digits

X, y = load_bundled_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=400, stratify=y, random_state=0)
strengths = {"without": None, "with augmentation": 0.7}
pipelines = {
    name: make_digit_pipeline(epochs=12, augmentation=strength, random_state=0).fit(
        X_train, y_train
    )
    for name, strength in strengths.items()
}
for name, pipeline in pipelines.items():
    print(f"{name:18} {pipeline.score(X_test, y_test):.3f}")

# %%
# The test rows, changed by so many degrees, pixels and so on: see
# :func:`skdigits.evaluation.robustness`.

from skdigits.evaluation import CORRUPTIONS, robustness

wanted = ["shift", "scale", "rotation"]
changes = {name: CORRUPTIONS[name] for name in wanted}
found = {
    name: robustness(pipeline, X_test, y_test, corruptions=changes, random_state=0)
    for name, pipeline in pipelines.items()
}

# %%
# From left to right: shifted, zoomed, and turned digits, further and further.

import matplotlib.pyplot as plt

fig, axes = plt.subplots(1, 3, figsize=(11, 3.6), layout="constrained", sharey=True)
for ax, change in zip(axes, wanted, strict=True):
    for (name, result), style in zip(found.items(), ["o--", "s-"], strict=True):
        at = result.corruptions.index(change)
        ax.plot(
            [0, *result.levels], [result.clean["accuracy"], *result.accuracy[at]], style, label=name
        )
    ax.set(title=change, xlabel="level")
axes[0].set(ylabel="accuracy")
axes[0].legend()
