"""
Several networks
================

Networks from different seeds make different mistakes.

Averaged, they make fewer than one of them alone does on average.
"""

# %%
# Five small networks, trained one after the other (``n_jobs=2``: two at a time).

import numpy as np
from sklearn.model_selection import train_test_split

from skdigits import make_digit_pipeline
from skdigits.datasets import load_bundled_digits

X, y = load_bundled_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=800, stratify=y, random_state=0)
ensemble = make_digit_pipeline("fast", epochs=5, n_estimators=5, random_state=0)
ensemble.fit(X_train, y_train)

# %%
# Each alone, and all together.

scaled = ensemble[0].transform(X_test)
members = ensemble[-1].estimators_
alone = np.array([member.score(scaled, y_test) for member in members])
together = ensemble.score(X_test, y_test)
print(f"one alone {alone.mean():.4f} on average, {alone.min():.4f} to {alone.max():.4f}")
print(f"together  {together:.4f}")

# %%
# How many of the rows were misread, by each and by all.

import matplotlib.pyplot as plt

n_wrong = np.rint((1 - np.append(alone, together)) * len(y_test)).astype(int)
names = [f"network {i}" for i in range(1, 6)] + ["together"]
fig, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
bars = ax.barh(names, n_wrong, color=["#9ecae1"] * 5 + ["#0072B2"])
ax.bar_label(bars, padding=3)
ax.invert_yaxis()
ax.set(xlabel=f"misread of {len(y_test)}")

# %%
# Rows on which the networks disagree are those that are hard.

from skdigits.plotting import DigitGalleryDisplay

votes = np.stack([member.predict(scaled) for member in members])
torn = np.flatnonzero((votes != votes[0]).any(axis=0))[:10]
titles = [" ".join(map(str, votes[:, row])) for row in torn]
DigitGalleryDisplay(X_test[torn], titles=titles).plot(n_columns=5)
