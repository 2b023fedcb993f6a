"""
Write a submission to Kaggle
============================

From ``train.csv`` and ``test.csv`` to a file for the competition.

It wants one line for each row of ``test.csv``, in its order. Here a fifth of the bundled digits
stands for ``test.csv``; with Kaggle's files in the current folder, or in the folder that
``SKDIGITS_DATA`` names, the same script is the real thing.
"""

# %%
# ``load_available`` takes Kaggle's files where they are, and the bundled digits where not.

from skdigits import make_digit_pipeline
from skdigits.datasets import load_available

digits = load_available()
print(f"{len(digits.data):,} rows to train on, {len(digits.test_data):,} to predict")

# %%
# All training rows are used: what is held out cannot be learned from. Measure with
# ``validation_fraction`` first, then submit.

pipeline = make_digit_pipeline(epochs=12, random_state=0).fit(digits.data, digits.target)
labels = pipeline.predict(digits.test_data)

# %%
# The file, and a check of every line of it.

from pathlib import Path
from tempfile import mkdtemp

from skdigits.kaggle import check_submission, write_submission

folder = Path(mkdtemp()) if digits.filename is None else Path()  # nobody keeps the stand-in's
path = write_submission(folder / "mnist_submission.csv", labels)
check_submission(path, n_rows=len(digits.test_data))
print(path.name)
print("\n".join(path.read_text().splitlines()[:4]))

# %%
# A file that Kaggle would refuse is refused here first, with the line.

lines = path.read_text().splitlines()
damaged = Path(mkdtemp(), "damaged.csv")
damaged.write_text("\n".join(lines[:2] + lines[3:]))
try:
    check_submission(damaged)
except ValueError as error:
    print(str(error).replace(str(damaged.parent), "..."))

# %%
# What was submitted: the first rows with the labels given to them.

from skdigits.plotting import DigitGalleryDisplay

DigitGalleryDisplay(digits.test_data[:20], titles=[str(label) for label in labels[:20]]).plot()
