"""Named sets of `DigitCNNClassifier` parameters, from quick to accurate.

Chosen on validation rows from Kaggle's 42,000; `docs/benchmarks/training.md` has the
figures and lists what else was tried.
"""

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    "fast": {"epochs": 2},
    "balanced": {},  # the defaults
    "accurate": {
        "architecture": "deep",
        "width": 1.5,
        "epochs": 20,
        "augmentation": {
            "rotation": 10,
            "zoom": 0.10,
            "shear": 0.12,
            "shift": 0.06,
            "elastic": 0.025,
        },
    },
    # The well-known Kaggle notebooks: RMSprop, batches of 86, 30 augmented epochs.
    "classic": {
        "architecture": "classic",
        "optimizer": "rmsprop",
        "learning_rate": 0.001,
        "learning_rate_schedule": "exponential",
        "weight_decay": 0.0,
        "label_smoothing": 0.0,
        "epochs": 30,
        "batch_size": 86,
    },
}
