"""`model_card`: describe a model file for the Hugging Face Hub."""

import json
from importlib.metadata import version
from math import isqrt
from numbers import Real
from typing import Any

from sklearn.utils.validation import check_is_fitted

from skdigits import __version__
from skdigits._utils.parameters import cloned_without, unwrap

# Folders and functions of whoever trained the model mean nothing to others.
_PRIVATE = ["memory", "checkpoint_dir", "callbacks"]
_VERSIONS = ["tensorflow", "keras", "scikit-learn", "numpy"]

_TEXT = """\
# Handwritten digits, read by {kind}

A fitted pipeline of [scikit-learn](https://scikit-learn.org) form, made with skdigits {version}. It
takes {pictures}, and answers with one of {classes} for each.

## Use

```python
from skdigits import load_pipeline

pipeline = load_pipeline("{file_name}")
labels = pipeline.predict(X)
```

## Measured

{measured}

## Made by

```python
{recipe}
```

with {versions}.

## Limits

Every picture is given one of the labels, even if it shows something else. Probabilities hold for
pictures like those that the model was trained on, not for other writers, pens and cameras.
"""


def model_card(
    pipeline: Any,
    *,
    metrics: dict[str, float] | None = None,
    license: str = "unknown",
    file_name: str = "model.skdigits",
) -> str:
    """Describe a fitted pipeline in Markdown, with the metadata header of the Hugging Face Hub.

    Folders and callbacks among the parameters are left out.

    Parameters
    ----------
    pipeline : estimator
        Fitted classifier or pipeline with ``classes_``.
    metrics : dict of str to float, default=None
        What was measured, such as ``{"accuracy": 0.995}``; listed before what the fit itself
        measured on its validation rows.
    license : str, default="unknown"
        The license of the model, by the Hub's identifiers, such as "bsd-3-clause".
    file_name : str, default="model.skdigits"
        Name of the model file beside the card.

    Returns
    -------
    text : str
        Save it as README.md of a repository on the Hub.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If `pipeline` is not fitted.
    TypeError
        If a metric is not a number.

    See Also
    --------
    save_pipeline : Writes the card beside the model with ``card=True``.

    Examples
    --------
    >>> from skdigits import load_pretrained, model_card
    >>> pipeline = load_pretrained(trainable=True)
    >>> print(model_card(pipeline, metrics={"accuracy": 0.99}, license="bsd-3-clause"))
    ---
    license: "bsd-3-clause"
    library_name: "skdigits"
    pipeline_tag: "image-classification"
    tags: ["skdigits", "scikit-learn", "keras", "mnist", "handwritten-digits"]
    metrics: ["accuracy"]
    ---
    # Handwritten digits, read by DigitPipeline
    ...
    """
    check_is_fitted(pipeline)
    strange = [name for name, value in (metrics or {}).items() if not isinstance(value, Real)]
    if strange:
        raise TypeError(
            f"metrics {strange} are not numbers; give for example {{'accuracy': 0.995}}."
        )
    header = {
        "license": license,
        "library_name": "skdigits",
        "pipeline_tag": "image-classification",
        "tags": ["skdigits", "scikit-learn", "keras", "mnist", "handwritten-digits"],
        "metrics": list(metrics or {}),
    }
    # JSON is valid YAML, and needs no library.
    lines = [f"{key}: {json.dumps(value)}" for key, value in header.items() if value]
    measured = {**(metrics or {}), **_measured_by_fit(pipeline)}
    text = _TEXT.format(
        kind=type(pipeline).__name__,
        version=__version__,
        pictures=_describe_pictures(getattr(pipeline, "n_features_in_", None)),
        classes=", ".join(f"`{label}`" for label in pipeline.classes_),
        file_name=file_name,
        measured=_as_table(measured) or "Nothing was measured when this card was written.",
        recipe=_recipe(pipeline),
        versions=", ".join(f"{package} {version(package)}" for package in _VERSIONS),
    )
    return "\n".join(["---", *lines, "---", text])


def _describe_pictures(n_features):
    if n_features is None:
        return "pictures"
    side = isqrt(n_features)
    shape = f" (pictures of {side}x{side})" if side * side == n_features else ""
    return f"rows of {n_features} pixels{shape} with the ink high"


def _as_table(measured):
    rows = [f"| {name} | {value:.6g} |" for name, value in measured.items()]
    return "\n".join(["| | |", "| --- | --- |", *rows]) if rows else ""


def _measured_by_fit(pipeline):
    """What the pipeline measured in its fit on held-out rows."""
    for part in unwrap(pipeline):
        if hasattr(part, "validation_score_"):
            return {
                "accuracy on the rows held out by the fit": part.validation_score_,
                "share of them with an answer": part.coverage_,
                "least confidence of an answer": part.threshold_,
            }
        if getattr(part, "validation_scores_", None):
            score = part.validation_scores_[part.best_epoch_ - 1]
            return {"accuracy on the rows held out by the fit": score}
    return {}


def _recipe(pipeline):
    return cloned_without(pipeline, *_PRIVATE).__repr__(N_CHAR_MAX=100_000)  # not abbreviated
