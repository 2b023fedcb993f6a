"""
Search for better parameters
============================

scikit-learn's searches tune the pipeline, and nothing is lost when they stop.

The pipeline is a scikit-learn estimator. ``skdigits.tuning`` adds what a search of networks needs:
where to look, and that a search that was cut off goes on.
"""

# %%
# Six settings, in three folds of a few rows. Let it be all rows and eight epochs when you mean
# it.

from pathlib import Path
from tempfile import mkdtemp

from sklearn.model_selection import GridSearchCV, train_test_split

from skdigits import make_digit_pipeline
from skdigits.datasets import load_bundled_digits
from skdigits.tuning import fit_search, read_results, search_space

X, y = load_bundled_digits(return_X_y=True)
X, _, y, _ = train_test_split(X, y, train_size=400, stratify=y, random_state=0)
grid = search_space("quick")
print(grid)
search = GridSearchCV(make_digit_pipeline(epochs=3, random_state=0), grid, cv=3)

# %%
# As ``search.fit(X, y)``, but each result is written to a file as it comes. Started again after
# a power cut, it trains only what is missing.

folder = Path(mkdtemp())
fit_search(search, X, y, results=folder, progress=False)
print(f"{len(read_results(folder))} results kept")
print({name.split("__")[1]: value for name, value in search.best_params_.items()})

# %%
# The six settings as a picture. Differences of less than the spread over the folds mean nothing.

import matplotlib.pyplot as plt
import numpy as np

rates, strengths = (
    grid["digitcnnclassifier__learning_rate"],
    grid["digitcnnclassifier__augmentation"],
)
found = search.cv_results_
fig, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
for strength, style in zip(strengths, ["o--", "s-"], strict=True):
    here = np.flatnonzero(found["param_digitcnnclassifier__augmentation"] == strength)
    rate = np.array(found["param_digitcnnclassifier__learning_rate"][here], float)
    mean, spread = found["mean_test_score"][here], found["std_test_score"][here]
    ax.errorbar(rate, mean, spread, fmt=style, capsize=4, label=f"augmentation {strength}")
ax.set(xscale="log", xlabel="learning rate", ylabel="accuracy in three folds", xticks=rates)
ax.set_xticks(rates, labels=[f"{rate:g}" for rate in rates], minor=False)
ax.minorticks_off()
ax.legend()
