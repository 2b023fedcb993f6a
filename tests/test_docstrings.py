"""Docstrings: complete by numpydoc's rules, and their examples run."""

import dataclasses
import doctest
import gc
import importlib
import inspect
import pkgutil

import matplotlib.pyplot as plt
import pytest
from numpydoc.docscrape import get_doc_object
from numpydoc.validate import validate

import skdigits

MODULES = ["skdigits", *(f"skdigits.{name}" for name in skdigits._MODULES)]
# All of numpydoc's checks but those of taste: a summary must be an imperative (SS05), every
# docstring has an extended summary (ES01), names its return value (RT02), and has See Also (SA01).
# Examples (EX01) are asked of functions and classes below.
CHECKS = {
    *("GL01", "GL02", "GL03", "GL05", "GL06", "GL07", "GL08", "GL09", "GL10"),
    *("SS01", "SS02", "SS03", "SS04", "SS06"),
    *("PR01", "PR02", "PR03", "PR04", "PR05", "PR06", "PR07", "PR08", "PR09", "PR10"),
    *("RT01", "RT03", "RT04", "RT05", "YD01"),
    *("SA02", "SA03", "SA04"),
}
SLOW = {
    *("_networks.layers", "_onnx.classifier", "_onnx.export", "_files.persistence"),
    *("_estimators.classifier", "_estimators.ensemble", "_estimators.selective"),
    "_estimators.adapting",
    "tuning._search",
}


def is_ours(value):
    return callable(value) and str(getattr(value, "__module__", "")).startswith("skdigits")


def public_objects():
    """Dotted names of what users call: functions, classes, and the methods of these."""
    names = {}
    for module in map(importlib.import_module, MODULES):
        for name in getattr(module, "__all__", dir(module)):
            value = getattr(module, name)
            if name.startswith("_") or inspect.ismodule(value) or not callable(value):
                continue
            names[f"{module.__name__}.{name}"] = value
            if inspect.isclass(value):
                methods = inspect.getmembers(value, is_ours)
                names |= {f"{module.__name__}.{name}.{k}": v for k, v in methods if k[0] != "_"}
    return names


OBJECTS = public_objects()


def needs_no_example(name):
    """Whether an object is a method, an exception, or a result that a function gives."""
    value = OBJECTS[name]
    is_method = name.rpartition(".")[0] in OBJECTS
    is_exception = inspect.isclass(value) and issubclass(value, BaseException)
    return is_method or is_exception or dataclasses.is_dataclass(value)


def test_objects_are_found():
    assert len(OBJECTS) > 100
    assert "skdigits.DigitCNNClassifier.predict_proba" in OBJECTS


@pytest.mark.parametrize("name", sorted(OBJECTS))
def test_docstring_is_complete(name):
    found = validate(name)
    problems = [f"{code}: {what}" for code, what in found["errors"] if code in CHECKS]
    value = OBJECTS[name]
    if not needs_no_example(name):
        problems += [what for code, what in found["errors"] if code == "EX01"]
    if dataclasses.is_dataclass(value):  # made by the library: users read its fields
        problems = [what for what in problems if not what.startswith("PR01")]
        told = {n for field in get_doc_object(value)["Attributes"] for n in field.name.split(", ")}
        told |= {n for field in get_doc_object(value)["Parameters"] for n in field.name.split(", ")}
        assert told >= {field.name for field in dataclasses.fields(value)}
    assert not problems, problems


UNRAISABLE = "ignore::pytest.PytestUnraisableExceptionWarning"


def modules_with_examples():
    for module in pkgutil.walk_packages(skdigits.__path__, "skdigits."):
        if "__main__" in module.name:
            continue
        name = module.name.removeprefix("skdigits.")
        marks = [pytest.mark.slow] if name in SLOW else []
        if name == "app._page":  # Gradio leaves its sockets to the garbage collector
            marks = [pytest.mark.slow, pytest.mark.filterwarnings(UNRAISABLE)]
        yield pytest.param(module.name, marks=marks, id=name)


@pytest.mark.parametrize("name", list(modules_with_examples()))
def test_examples_of_docstrings_run(name, tmp_path, monkeypatch):
    module = importlib.import_module(name)
    if ">>>" not in inspect.getsource(module):
        return
    plt.switch_backend("agg")
    monkeypatch.chdir(tmp_path)
    if name == "skdigits._estimators.adapting":  # an eighth of the lessons, for less time
        monkeypatch.setattr(module, "_COPIES", (1, 5))
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    result = doctest.testmod(module, optionflags=flags)
    assert result.failed == 0
    plt.close("all")
    if name == "skdigits.app._page":
        gc.collect()  # its sockets


@pytest.mark.parametrize("name", sorted(OBJECTS))
def test_signature_is_annotated(name):
    value = OBJECTS[name]
    function = value.__init__ if inspect.isclass(value) else value
    if not is_ours(function):  # an exception's
        return
    signature = inspect.signature(function)
    bare = [n for n, p in signature.parameters.items() if p.annotation is p.empty]
    assert not set(bare) - {"self", "cls"}
    assert signature.return_annotation is not signature.empty
