# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Read handwritten digits: from Kaggle's files to a submission
#
# This notebook trains a small neural network to read handwritten digits, looks at what it gets
# wrong, writes a file for Kaggle's competition
# [Digit Recognizer](https://www.kaggle.com/c/digit-recognizer), and then reads a digit that you
# draw. It runs
#
# - on **Kaggle**, when you add the competition's data with *Add input*,
# - in **Colab** or **on your computer**, with Kaggle's `train.csv` and `test.csv` beside the
#   notebook, or without them: then it uses 1,797 small digits that come with scikit-learn.
#
# You need to know Python, and what a table is. It takes a few minutes, without a graphics card.
#
# ## 0. Install
#
# `SOURCE` says where skdigits comes from. The name alone is looked up on the package index; a
# checkout is `"path/to/skdigits[plot,demo]"`, and an archive, such as one added to a notebook on
# Kaggle that has no internet, `"path/to/skdigits-0.1.0.tar.gz[plot,demo]"`. The cell does nothing
# where skdigits is already there.

# %%
import importlib.util
import subprocess
import sys

SOURCE = "skdigits[plot,demo]"

if importlib.util.find_spec("skdigits") is None:
    print("installing", SOURCE)
    subprocess.check_call([sys.executable, "-m", "pip", "install", "-q", SOURCE])

# %% [markdown]
# ## 1. Load
#
# A picture is a row of numbers: 28 lines of 28 pixels make 784 columns, each from 0 (paper) to 255
# (ink). `X` holds the rows and `y` the digit that each one shows. `X_new` are the rows whose digits
# Kaggle wants to know; nobody tells us.
#
# `load_available` looks where Kaggle puts the files, then in this folder, and takes the small
# digits if it finds none.

# %%
from skdigits.datasets import load_available

digits = load_available()
X, y, X_new = digits.data, digits.target, digits.test_data
print("read from:", digits.filename or "the digits that come with scikit-learn")
print("to train on:", X.shape, "to predict:", None if X_new is None else X_new.shape)

# %% [markdown]
# The first number of each pair says how many pictures there are, the second how many pixels each
# has: always 784.
#
# ## 2. Look
#
# Before anything else, look at the data. Here are 25 rows at random, drawn as pictures again, with
# their labels above. Could you read all of them?

# %%
import matplotlib.pyplot as plt

from skdigits.plotting import DigitGalleryDisplay

DigitGalleryDisplay.from_data(X, y, random_state=0)
plt.show()

# %% [markdown]
# Are all digits there, and about as often? If one were rare, a network could ignore it and still
# look good.

# %%
import numpy as np

labels, counts = np.unique(y, return_counts=True)
fig, ax = plt.subplots(figsize=(7, 3), layout="constrained")
ax.bar(labels, counts, color="#0072B2")
ax.set(xlabel="digit", ylabel="rows", xticks=labels)
plt.show()

# %% [markdown]
# The bars are about equally high: each digit is roughly a tenth of the rows. So a network that
# always said the same digit would be right once in ten times. That is the score to beat.
#
# ## 3. Split
#
# A network can learn its training rows by heart. How good it is shows on rows that it has never
# seen, so some are put aside now and not touched until step 5: a tenth of Kaggle's many, and 30 %
# of the few small ones, so that there is something to measure with. `stratify=y` takes the same
# share of each digit; `random_state=0` makes the draw the same each time.

# %%
from sklearn.model_selection import train_test_split

share = 0.3 if digits.filename is None else 0.1
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=share, stratify=y, random_state=0
)
print(len(X_train), "rows to train on,", len(X_test), "rows to measure with")

# %% [markdown]
# ## 4. Train
#
# `make_digit_pipeline` joins two steps: one divides the pixels by 255, the other is a small
# convolutional network. While it trains, the network sees each picture a little turned, zoomed and
# shifted, never twice the same way, so that it cannot learn the pixels by heart.
#
# One pass over all rows is an epoch. Of the rows to train on, another tenth is held out
# (`validation_fraction`) and scored after each epoch, to see how it goes; `restore_best=False`
# keeps the network as the last epoch leaves it. There are few small digits, so they are gone
# through more often.

# %%
from skdigits import make_digit_pipeline

recipe = {"validation_fraction": 0.1, "restore_best": False, "random_state": 0, "verbose": 1}
if digits.filename is None:
    recipe["epochs"] = 30
pipeline = make_digit_pipeline("balanced", **recipe)
pipeline.fit(X_train, y_train)

# %% [markdown]
# The box above is the fitted pipeline: click on its parts to see their parameters. This is the
# network inside it, layer by layer:

# %%
pipeline[-1].model_.summary()

# %% [markdown]
# - **Conv2D** slides small windows of 3x3 weights over the picture, 16 of them at first: each looks
#   for one pattern, such as the end of a stroke, wherever it is.
# - **MaxPooling2D** keeps the strongest of four neighbours, which makes the picture smaller.
# - **FusedBatchNormalization** brings the values of each pattern to the same mean and spread, which
#   makes training quick, and **ReLU** cuts off what is below zero.
# - **Flatten** makes one long row of all of it, **Dense** weighs everything against everything, and
#   the last one has an output for each digit. Their *softmax* are the probabilities.
#
# What training makes small is the *cross-entropy*: the mean of minus the logarithm of the
# probability of the right digit. The optimizer *AdamW* changes the weights a little after each
# batch of rows. Notebooks on Kaggle often use *RMSprop* and a network with layers of 5x5:
# `make_digit_pipeline("classic")` is that one, which takes much longer.
#
# The learning curves show each epoch. On the left the share of right answers: it should rise and
# level off. On the right the loss, which is what the training makes small. The curve of the
# training rows may lie below the other one: those rows were distorted, and that makes them harder.
# If the training curve went on rising while the validation curve fell, the network would be
# learning by heart.

# %%
from skdigits.plotting import TrainingHistoryDisplay

TrainingHistoryDisplay.from_estimator(pipeline)
plt.show()

# %% [markdown]
# ## 5. How good is it?
#
# Now the rows that were put aside. `report` says more than one number: the interval in which the
# accuracy would lie for other rows of the same kind, and figures for each digit. *Precision* is the
# share of right ones among the answers "3", *recall* the share of the 3s that were found.

# %%
from skdigits.evaluation import report

print(report(pipeline, X_test, y_test))

# %% [markdown]
# - *f1* lies between precision and recall, and *support* is the number of rows of that digit.
# - *Log loss* and *calibration error* ask whether the network is right as often as its
#   probabilities say: 0 is best for both. This network is surer to be right than it says, because
#   training spreads a little of each target over all digits.
# - The lines under *accepted* tell what refusing would buy: of the surest 90 % of the answers, so
#   many are wrong. The *risk-coverage area* sums that up; small is good.
# - At the end come the wrong answers that it was surest of, if there are any.
#
# ### Which digits does it take for which?
#
# The confusion matrix has a line for each true digit and a column for each answer. On the diagonal
# all is well. Look for the largest numbers beside it: are 4 and 9, or 3 and 5, the hard pairs?

# %%
from sklearn.metrics import ConfusionMatrixDisplay

ConfusionMatrixDisplay.from_estimator(pipeline, X_test, y_test, cmap="Blues", colorbar=False)
plt.show()

# %% [markdown]
# ### The mistakes themselves
#
# These are the wrong answers that the network was surest of: the true digit, what was read, and how
# sure it was. Some of them a person could not read either. (If there are none, the gallery says
# so.)

# %%
from skdigits.plotting import ErrorGalleryDisplay

ErrorGalleryDisplay.from_estimator(pipeline, X_test, y_test, n_images=16)
plt.show()

# %% [markdown]
# ## 6. Write the submission
#
# We know how good the recipe is. For the competition it is used once more, now with the rows that
# were put aside too: more rows, fewer mistakes. This is what `examples/train_and_submit.py` does,
# with the same labels as the result.

# %%
from skdigits.kaggle import check_submission, write_submission

final = make_digit_pipeline("balanced", **recipe).fit(X, y)
if X_new is not None:
    path = write_submission("mnist_submission.csv", final.predict(X_new))
    check_submission(path, n_rows=len(X_new))
    print(path.read_text()[:40])

# %% [markdown]
# The file has a line for each row of `test.csv`, in its order: the number of the picture, and the
# digit. `check_submission` would have complained if a line were missing. On Kaggle, choose
# *Submit to competition*; elsewhere upload the file on the competition's page.
#
# ## 7. Save
#
# The pipeline goes into one file, and comes back from it with the same answers, in another program
# or on another computer. The ending decides how it is written: what ends in `.skdigits` holds plain
# parts, and nothing in it is ever run; a `.joblib` file is a pickle, which may run code when it is
# loaded, so load such a file only if you trust where it comes from.

# %%
from skdigits import load_pipeline, save_pipeline

save_pipeline(final, "model.skdigits")
again = load_pipeline("model.skdigits")
print("same answers:", bool((again.predict(X_test) == final.predict(X_test)).all()))

# %% [markdown]
# ## 8. Use it on a digit of your own
#
# The network has only seen pictures of one kind: ink on nothing, 20 pixels long, in the middle.
# `DigitReader` brings any picture into this form first: it finds the ink, cuts the digits apart and
# places each. Here a 7 is drawn; with `reader.read("photo.jpg")` you read a photograph. Change the
# points and see.

# %%
from PIL import Image, ImageDraw

from skdigits import DigitReader

paper = Image.new("L", (300, 220), 235)
ImageDraw.Draw(paper).line([(90, 50), (190, 45), (130, 180)], fill=40, width=15, joint="curve")

result = DigitReader(again).read(paper)
print("read:", result.text)
plt.figure(figsize=(4, 3))
plt.imshow(result.draw())
plt.axis("off")
plt.show()

# %% [markdown]
# The box is where the digit was found, and the label is what was read.
#
# And here is a page to draw on. It runs on the computer that runs the notebook; if that is not
# yours, as on Kaggle, add `share=True` to `launch`, which makes a public address for a week.

# %% tags=["remove-output"]
if importlib.util.find_spec("gradio"):
    from skdigits.app import build_app

    build_app(again).launch(quiet=True, prevent_thread_lock=True)

# %% [markdown]
# ## Where to go from here
#
# - Change the recipe: `"fast"` or `"accurate"` in place of `"balanced"`, other `epochs`, or
#   `augmentation=None`. What does each do to the accuracy, and to the time?
# - Average several networks with `n_estimators=5`: that is how the best scores are made.
# - Run the notebook again with `random_state=1`. How much does the accuracy change by chance alone?
#   A change smaller than that is not an improvement.
