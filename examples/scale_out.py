"""
Search on a cluster
===================

The same search on the workers of a Dask cluster: here two processes of this machine, elsewhere as
many machines as there are. Needs ``pip install "skdigits[scale]"``::

    python examples/scale_out.py --rows 2000
    python examples/scale_out.py --rows 2000 --lose-a-worker
    python examples/scale_out.py --scheduler tcp://10.0.0.1:8786 --output /shared/folder
"""

import argparse
import os
import signal
import threading
import time
from pathlib import Path

import joblib
from dask.distributed import Client, LocalCluster
from sklearn.model_selection import GridSearchCV, train_test_split

from skdigits import make_digit_pipeline
from skdigits.datasets import load_available
from skdigits.tuning import fit_search, read_results, search_space


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(
        description="Cross-validate six settings of the digit pipeline on a Dask cluster.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--data", metavar="DIR", help="folder with train.csv")
    parser.add_argument("--rows", type=int, default=2000, help="rows to search on, drawn at random")
    parser.add_argument("--epochs", type=int, default=2, help="passes over the rows in each fit")
    parser.add_argument("--cv", type=int, default=3, help="folds of the cross-validation")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="of a cluster that runs already")
    parser.add_argument("--workers", type=int, default=2, help="processes of a cluster made here")
    parser.add_argument(
        "--lose-a-worker", action="store_true", help="kill one midway, to see that nothing is lost"
    )
    parser.add_argument(
        "--output",
        metavar="DIR",
        type=Path,
        default=Path(),
        help="where to keep the results; on a cluster a folder that all machines see",
    )
    return parser.parse_args(arguments)


def lose_a_worker(client, results):
    """Kill one process as soon as three results are there."""
    pids = list(client.run(os.getpid).values())

    def kill():
        while len(list(results.glob("*.json"))) < 3:
            time.sleep(0.1)
        os.kill(pids[0], signal.SIGKILL)
        print(f"killed worker {pids[0]}")

    threading.Thread(target=kill, daemon=True).start()


def main(arguments=None):
    options = parse_arguments(arguments)
    digits = load_available(options.data)
    X, y = digits.data, digits.target
    if options.rows < len(X):
        X, _, y, _ = train_test_split(X, y, train_size=options.rows, stratify=y, random_state=0)

    # With a fixed number of threads the results are the same bits on any number of workers.
    pipeline = make_digit_pipeline(epochs=options.epochs, n_threads=1, random_state=0)
    search = GridSearchCV(pipeline, search_space("quick"), cv=options.cv)

    # One fit at a time in each worker: TensorFlow's threads belong to the process.
    cluster = options.scheduler or LocalCluster(
        n_workers=options.workers, threads_per_worker=1, processes=True, dashboard_address=":0"
    )
    results = options.output / "scale_out_results"
    with Client(cluster) as client:
        print(f"workers: {len(client.scheduler_info()['workers'])}")
        if options.lose_a_worker and not options.scheduler:
            lose_a_worker(client, results)
        with joblib.parallel_config(backend="dask"):
            fit_search(search, X, y, results=results)
    if not options.scheduler:
        cluster.close()
    print(f"results: {len(read_results(results))} fits in {results}")
    print(f"best: {search.best_params_}, accuracy {search.best_score_:.4%} of {len(X):,} rows")


if __name__ == "__main__":
    main()
