"""
What each preset costs to train, and how accurate it gets
=========================================================

Fits the presets in turn, seed by seed, on a random part of Kaggle's ``train.csv`` and scores the
rest. The thirty epochs of "classic" are timed by ``--classic-epochs`` of them, since all epochs
cost the same; ``--classic-epochs 30`` trains them all and gives their accuracy too::

    python examples/benchmarks/training_cost.py --data folder --seeds 3
"""

from _shared import clock, finish, load_rows, make_parser, spread
from sklearn.model_selection import train_test_split

from skdigits import PRESETS, make_digit_pipeline


def fit_once(preset, X, y, seed, epochs, n_unseen, n_threads):
    train, test, y_train, y_test = train_test_split(
        X, y, test_size=n_unseen, stratify=y, random_state=seed
    )
    pipeline = make_digit_pipeline(preset, random_state=seed, n_threads=n_threads)
    full_epochs = pipeline[-1].epochs
    if epochs:
        pipeline.set_params(digitcnnclassifier__epochs=epochs)
    with clock() as took:
        pipeline.fit(train, y_train)
    return {
        "preset": preset,
        "seed": seed,
        "cpu_seconds": took["cpu"] * full_epochs / pipeline[-1].epochs,
        "wall_seconds": took["wall"] * full_epochs / pipeline[-1].epochs,
        "cpu_ms_per_image": 1e3 * took["cpu"] / pipeline[-1].epochs / len(train),
        "accuracy": 100 * pipeline.score(test, y_test) if not epochs else None,
        "n_parameters": int(pipeline[-1].n_parameters_),
        "epochs": full_epochs,
    }


def main():
    parser = make_parser(__doc__.split("\n")[2], "example: --presets fast classic --seeds 1")
    parser.add_argument("--data", metavar="DIR", help="folder with train.csv")
    parser.add_argument("--presets", nargs="+", choices=PRESETS, default=["balanced", "classic"])
    parser.add_argument("--seeds", type=int, default=3, help="fits of each preset")
    parser.add_argument("--unseen", type=int, default=6000, help="rows to score on, new each seed")
    parser.add_argument("--classic-epochs", type=int, default=1)
    parser.add_argument("--threads", type=int, help="CPU threads (default: TensorFlow's choice)")
    options = parser.parse_args()
    X, y = load_rows(options.data)
    make_digit_pipeline("fast", epochs=1, n_threads=options.threads).fit(
        X[:500], y[:500]
    )  # imports are no part of it
    results = []
    for seed in range(options.seeds):
        for preset in options.presets:
            is_cut = preset == "classic" and options.classic_epochs < 30
            epochs = options.classic_epochs if is_cut else None
            results.append(fit_once(preset, X, y, seed, epochs, options.unseen, options.threads))
            print(", ".join(f"{name} {value}" for name, value in results[-1].items()), flush=True)
    print(f"\n{len(X) - options.unseen:,} rows trained on, {options.unseen:,} unseen rows scored")
    for preset in options.presets:
        mine = [r for r in results if r["preset"] == preset]
        accuracies = [r["accuracy"] for r in mine if r["accuracy"] is not None]
        print(
            f"{preset:>9}: {mine[0]['epochs']} epochs, {mine[0]['n_parameters']:,} parameters, "
            f"CPU s {spread([r['cpu_seconds'] for r in mine], '.1f')}, "
            f"CPU ms/image {spread([r['cpu_ms_per_image'] for r in mine], '.3f')}, "
            f"accuracy % {spread(accuracies, '.3f') if accuracies else 'not trained to the end'}"
        )
    if "classic" in options.presets:
        for preset in options.presets:
            pairs = zip(
                (r["cpu_seconds"] for r in results if r["preset"] == "classic"),
                (r["cpu_seconds"] for r in results if r["preset"] == preset),
                strict=True,
            )
            print(f"classic costs {spread([c / p for c, p in pairs], '.1f')} times {preset}")
    finish(options, results)


if __name__ == "__main__":
    main()
