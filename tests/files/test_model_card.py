"""The card beside a model file says what is in it, in the form of the Hugging Face Hub."""

import doctest

import numpy as np
import pytest
from huggingface_hub import ModelCard
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

from skdigits import (
    SelectiveClassifier,
    load_pipeline,
    make_digit_pipeline,
    model_card,
    save_pipeline,
)
from skdigits._files import model_card as module


@pytest.fixture(scope="module")
def fitted(small_digits, tmp_path_factory):
    X, y = small_digits
    folder = tmp_path_factory.mktemp("secret-folder")
    pipeline = make_digit_pipeline(
        "fast", epochs=1, validation_fraction=0.2, random_state=0
    ).set_params(memory=str(folder))
    return pipeline.fit(255 * X, np.array(list("abcdefghij"))[y])


def test_docstring_example():
    result = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert result.attempted > 0
    assert result.failed == 0


def test_card_is_read_by_the_hub(fitted):
    card = ModelCard(model_card(fitted, metrics={"accuracy": 0.9875, "f1": 0.5}, license="mit"))
    assert card.data.license == "mit"
    assert card.data.library_name == "skdigits"
    assert card.data.pipeline_tag == "image-classification"
    assert card.data.metrics == ["accuracy", "f1"]
    assert "| accuracy | 0.9875 |" in card.text
    assert "64 pixels (pictures of 8x8)" in card.text
    assert "`a`, `b`, `c`" in card.text


def test_card_says_what_the_fit_measured(fitted):
    classifier = fitted[-1]
    score = classifier.validation_scores_[classifier.best_epoch_ - 1]
    assert f"| accuracy on the rows held out by the fit | {score:.6g} |" in model_card(fitted)


def test_card_of_a_classifier_that_doubts(small_digits):
    X, y = small_digits
    inner = LogisticRegression(C=0.1)
    clf = SelectiveClassifier(inner, target_error=0.3, random_state=0).fit(X, y)
    text = model_card(clf)
    assert f"| least confidence of an answer | {clf.threshold_:.6g} |" in text
    assert "estimator=LogisticRegression(C=0.1)" in text


def test_card_without_measures(small_digits):
    X, y = small_digits
    assert "Nothing was measured" in model_card(LogisticRegression(C=0.1).fit(X, y))
    assert "metrics:" not in model_card(LogisticRegression(C=0.1).fit(X[:, :63], y))


def test_card_tells_no_folder(fitted):
    text = model_card(fitted)
    assert "secret-folder" not in text
    assert "secret-folder" in fitted.memory
    assert "epochs=1" in text


def test_card_is_written_when_asked(fitted, tmp_path):
    path = save_pipeline(fitted, tmp_path / "digits.skdigits")
    assert not list(tmp_path.glob("*.md"))
    save_pipeline(fitted, path, card=True)
    text = (tmp_path / "digits.md").read_text(encoding="utf-8")
    assert 'load_pipeline("digits.skdigits")' in text
    assert text == model_card(fitted, file_name="digits.skdigits")
    save_pipeline(fitted, path, card=tmp_path / "README.md")
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == text
    assert load_pipeline(path).classes_.tolist() == list("abcdefghij")


def test_what_has_no_card(fitted):
    with pytest.raises(NotFittedError):
        model_card(make_digit_pipeline())
    with pytest.raises(TypeError, match=r"metrics \['accuracy'\] are not numbers"):
        model_card(fitted, metrics={"accuracy": "99 %"})
