"""What ten corrected digits of each class bring a writer, and what they cost everybody else.

For each seed the network is that of ``hands.py --models DIR`` that has seen no Swiss writer. Each
of six Swiss writers gives ten digits of each class, right or with one label in ten wrong; errors
are counted on the rest of that writer's digits, and on Kaggle's rows that the network has not seen.

Run it as ``python examples/benchmarks/adapt.py --data DIR --hands DIR --models DIR``.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from _shared import finish, load_rows, make_parser
from sklearn.model_selection import train_test_split

from skdigits import adapt, load_pipeline
from skdigits.datasets import load_hands

SOURCE = "swiss_numbers"
N_UNSEEN = 6000


def choose(y, rng):
    """Positions of ten digits of each class."""
    return np.concatenate([rng.permutation(np.flatnonzero(y == digit))[:10] for digit in range(10)])


def main(arguments=None):
    parser = make_parser(__doc__.split("\n")[0], "example: adapt.py --models folds --seeds 3")
    parser.add_argument("--data", metavar="DIR", help="folder with train.csv")
    parser.add_argument("--hands", metavar="DIR", required=True, help="folder of load_hands")
    parser.add_argument("--models", metavar="DIR", type=Path, required=True, help="of hands.py")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--writers", type=int, default=6)
    options = parser.parse_args(arguments)
    X, y = load_rows(options.data)
    hands = load_hands(options.hands, random_state=0)
    lines = []
    for seed in range(options.seeds):
        pipeline = load_pipeline(options.models / f"{SOURCE}-{seed}.skdigits")
        _, unseen, _, y_unseen = train_test_split(
            X, y, test_size=N_UNSEEN, stratify=y, random_state=seed
        )
        kept = pipeline.score(unseen, y_unseen)
        writers = np.unique(hands.groups[hands.source == SOURCE])
        for writer in np.random.default_rng(seed).permutation(writers)[: options.writers]:
            rows, labels = (a[hands.groups == writer] for a in (hands.data, hands.target))
            rng = np.random.default_rng(seed)
            own = choose(labels, rng)
            rest = np.setdiff1d(np.arange(len(labels)), own)
            for n_wrong in (0, 10):
                said = labels[own].copy()
                wrong = rng.permutation(len(own))[:n_wrong]
                said[wrong] = (said[wrong] + rng.integers(1, 10, n_wrong)) % 10
                new = adapt(pipeline, rows[own], said, random_state=seed).pipeline
                errors = [np.sum(p.predict(rows[rest]) != labels[rest]) for p in (pipeline, new)]
                lines.append(
                    {
                        "seed": seed,
                        "writer": writer,
                        "wrong labels": n_wrong,
                        "digits": len(rest),
                        "errors before": errors[0],
                        "errors after": errors[1],
                        "MNIST points": 100 * (new.score(unseen, y_unseen) - kept),
                    }
                )
                print(lines[-1], flush=True)
    table = pd.DataFrame(lines).groupby(["wrong labels", "seed"])
    columns = {
        "digits": "sum",
        "errors before": "sum",
        "errors after": "sum",
        "MNIST points": "mean",
    }
    print(table.agg(columns).round(3).to_string())
    finish(options, lines)


if __name__ == "__main__":
    main()
