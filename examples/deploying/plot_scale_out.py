"""
Work on several processes or machines
=====================================

One ``with`` line brings a search or an ensemble to the workers of a cluster.

Both are trained by joblib, and joblib works on whatever it is told: processes of this computer, or
a Dask cluster (``pip install "skdigits[scale]"``). ``examples/scale_out.py`` is the same as a
program with options.
"""

# %%
# Two processes of this computer; for machines elsewhere give ``Client`` the address of their
# scheduler. One thread in each process: the results are the same bits on any number of machines
# with the same processor.

import joblib
import matplotlib.pyplot as plt
from dask.distributed import Client, LocalCluster
from sklearn.model_selection import GridSearchCV

from skdigits import make_digit_pipeline
from skdigits.datasets import load_bundled_digits
from skdigits.tuning import fit_search

RATES = [0.002, 0.005, 0.01, 0.02]


def run_search():
    X, y = load_bundled_digits(return_X_y=True)
    pipeline = make_digit_pipeline("fast", n_threads=1, random_state=0)
    search = GridSearchCV(pipeline, {"digitcnnclassifier__learning_rate": RATES}, cv=2, refit=False)
    cluster = LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs="ERROR"
    )
    with cluster, Client(cluster) as client, joblib.parallel_config(backend="dask"):
        print(len(client.scheduler_info()["workers"]), "workers")
        fit_search(search, X[:600], y[:600], progress=False)
    return search.cv_results_


def plot(results):
    _, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
    ax.errorbar(RATES, results["mean_test_score"], results["std_test_score"], fmt="o-", capsize=4)
    ax.set(xscale="log", xlabel="learning rate", ylabel="accuracy in two folds")
    ax.set_xticks(RATES, labels=[f"{rate:g}" for rate in RATES])
    ax.minorticks_off()
    plt.show()


# %%
# The last lines stand behind this ``if`` because the processes import the script, and must not
# start a cluster of their own.

if __name__ == "__main__":
    plot(run_search())
