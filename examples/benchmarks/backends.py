"""
What Keras' backends cost
=========================

A fit, the same fit again (nothing is compiled any more), all rows and one row, on the backend that
the environment names. Run it once for each::

    KERAS_BACKEND=tensorflow python examples/benchmarks/backends.py --data FOLDER --rows 5000
    KERAS_BACKEND=jax python examples/benchmarks/backends.py --data FOLDER --rows 5000
    KERAS_BACKEND=torch python examples/benchmarks/backends.py --data FOLDER --rows 5000
"""

from _shared import clock, finish, load_rows, make_parser

from skdigits import make_digit_pipeline


def main():
    parser = make_parser(__doc__, "CPU seconds depend least on what else the machine does.")
    parser.add_argument("--data", metavar="FOLDER", help="folder with Kaggle's train.csv")
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--calls", type=int, default=200, help="single rows asked")
    options = parser.parse_args()
    X, y = load_rows(options.data, options.rows)
    pipeline = make_digit_pipeline("fast", epochs=options.epochs, n_threads=1, random_state=0)
    results = {}

    def measure(name, work, share=1):
        with clock() as took:
            work()
        results[name] = {unit: seconds / share for unit, seconds in took.items()}
        print(f"{name}: {results[name]['cpu']:.4f} CPU s, {results[name]['wall']:.4f} s")

    def ask_singly():
        for i in range(options.calls):
            pipeline.predict(X[i % len(X)][None])

    measure("fit", lambda: pipeline.fit(X, y))
    measure("same fit again", lambda: pipeline.fit(X, y))
    pipeline.predict(X)
    measure("all rows", lambda: pipeline.predict(X))
    pipeline.predict(X[:1])
    measure("one row", ask_singly, options.calls)

    import keras

    print(f"Keras on {keras.backend.backend()}, {len(X)} rows, {options.epochs} epochs")
    finish(options, results | {"backend": keras.backend.backend()})


if __name__ == "__main__":
    main()
