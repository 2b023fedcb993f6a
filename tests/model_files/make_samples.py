"""Write one sample of each file format, and what it must answer; run once for each new format.

The files of released formats stay as they are; this script makes only those that are missing.
"""

import json
from pathlib import Path

from skdigits import SelectiveClassifier, make_digit_pipeline, save_pipeline
from skdigits.datasets import load_bundled_digits

FOLDER = Path(__file__).parent


def main():
    X, y = load_bundled_digits(return_X_y=True)
    pipeline = make_digit_pipeline(width=0.2, epochs=6, novelty=True, random_state=0)
    pipeline.steps[-1] = (
        "selectiveclassifier",
        SelectiveClassifier(pipeline[-1], target_error=0.02, reject_label=-1, random_state=0),
    )
    pipeline.fit(X, y)
    answers = {
        "predict": pipeline.predict(X[:20]).tolist(),
        "predict_proba": pipeline.predict_proba(X[:20]).tolist(),
        "score_samples": pipeline.score_samples(X[:20]).tolist(),
    }
    for name in ("format1.skdigits", "format1.joblib"):
        path = FOLDER / name
        if not path.exists():
            save_pipeline(pipeline, path)
            path.with_name(name + ".json").write_text(json.dumps(answers))


if __name__ == "__main__":
    main()
