"""Write down what the shipped weights answer; run after a change that is meant to change it.

    python tests/model_files/renew_reference.py

The rows are scikit-learn's digits, which come with it: 20 of them, spread evenly.
"""

import json
from pathlib import Path

from skdigits import load_pretrained
from skdigits.datasets import load_bundled_digits

PATH = Path(__file__).parent / "reference.json"


def main():
    rows = load_bundled_digits().data[::90]
    pipeline = load_pretrained()
    reference = {
        "predict": pipeline.predict(rows).tolist(),
        "predict_proba": pipeline.predict_proba(rows).astype(float).round(6).tolist(),
        "score_samples": pipeline.score_samples(rows).astype(float).round(5).tolist(),
    }
    lines = [f"{json.dumps(name)}: {json.dumps(values)}" for name, values in reference.items()]
    PATH.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
