"""
Refuse to answer
================

A reader of forms had better say "unsure" than be wrong.

``SelectiveClassifier`` holds out a part of
the rows, calibrates the probabilities on them, and finds the confidence at which the answers are
wrong as seldom as you ask.
"""

# %%
# Few rows to train on, so that there is something to doubt. At most one accepted answer in a
# hundred may be wrong; what is not accepted is -1.

from sklearn.model_selection import train_test_split

from skdigits import SelectiveClassifier, make_digit_pipeline
from skdigits.datasets import load_bundled_digits

X, y = load_bundled_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, train_size=600, stratify=y, random_state=0
)
reader = SelectiveClassifier(
    make_digit_pipeline("fast", epochs=3, random_state=0),
    target_error=0.01,
    reject_label=-1,
    validation_fraction=0.4,
    random_state=0,
).fit(X_train, y_train)
print(f"temperature {reader.temperature_:.2f}, threshold {reader.threshold_:.2f}")

# %%
# What that buys on rows that it has not seen.

answers = reader.predict(X_test)
accepted = answers != -1
print(f"without refusing: {(reader.predict_proba(X_test).argmax(1) != y_test).mean():.2%} wrong")
print(f"accepted: {accepted.mean():.1%}, of which {(answers != y_test)[accepted].mean():.2%} wrong")

# %%
# Every other threshold: the fewer are accepted, the fewer of them are wrong.

from skdigits.plotting import ReliabilityDisplay, RiskCoverageDisplay

RiskCoverageDisplay.from_estimator(reader, X_test, y_test)

# %%
# Of answers with a confidence of 90 %, about 90 % should be right: that is the dotted line. The
# rows here are few, and a bar of a handful of answers may lie off it by chance.

ReliabilityDisplay.from_estimator(reader, X_test, y_test)

# %%
# Some of the rows that it refused, with the digit that it would have said.

import numpy as np

from skdigits.plotting import DigitGalleryDisplay

refused = np.flatnonzero(~accepted)[:18]
best = reader.predict_proba(X_test[refused]).argmax(1)
titles = [f"{label}?" for label in best]
DigitGalleryDisplay(X_test[refused], titles=titles).plot(n_columns=6)
