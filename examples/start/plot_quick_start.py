"""
Quick start
===========

Load digits, train a network, see what it gets wrong.

This is the whole of scikit-learn's way, in a minute and without a download.
"""

# %%
# The digits that come with scikit-learn, as rows of 784 pixels: 28x28, 0 for paper and 255 for
# ink.

from sklearn.model_selection import train_test_split

from skdigits.datasets import load_bundled_digits
from skdigits.plotting import DigitGalleryDisplay

X, y = load_bundled_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=600, stratify=y, random_state=0)
DigitGalleryDisplay.from_data(X_train, y_train, random_state=0)

# %%
# A pipeline of two steps: pixels to 0-1, then a small convolutional network. A tenth of the
# training rows is held out to be scored after each epoch.

from skdigits import make_digit_pipeline

pipeline = make_digit_pipeline(epochs=8, validation_fraction=0.1, random_state=0)
pipeline.fit(X_train, y_train)

# %%
# How it learned. The training rows are distorted as it learns, and their labels smoothed: their
# loss stays the higher one.

from skdigits.plotting import TrainingHistoryDisplay

TrainingHistoryDisplay.from_estimator(pipeline)

# %%
# How it does on rows that it has not seen.

print(f"accuracy: {pipeline.score(X_test, y_test):.3f}")

# %%
# Which digits it takes for which: scikit-learn's own display.

from sklearn.metrics import ConfusionMatrixDisplay

ConfusionMatrixDisplay.from_estimator(pipeline, X_test, y_test, cmap="Blues", colorbar=False)

# %%
# And the mistakes that it was surest of: the true label, what was read, and how sure it was.

from skdigits.plotting import ErrorGalleryDisplay

ErrorGalleryDisplay.from_estimator(pipeline, X_test, y_test, n_images=6)
