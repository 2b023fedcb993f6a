"""Imports run one way: a wing knows only the wings below it, and there is no circle.

And no file or folder is too large to be read.
"""

import ast
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import skdigits

ROOT = Path(__file__).parent.parent
PACKAGE = Path(skdigits.__file__).parent
# From the top to the bottom, as in docs/architecture.md.
WINGS = [
    *("__main__", "cli", "app", "evaluation", "plotting", "kaggle", "forms"),
    *("tuning", "_files", "_onnx"),
    *("_measures", "_estimators", "_networks", "datasets", "_pictures", "_runtime"),
    *("_utils", "exceptions"),
]
KERAS = {"keras", "scikeras", "tensorflow"}


def module_of(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in PACKAGE.rglob("*.py")}


def imported(tree):
    """Names of all that a module imports, also inside its functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def home(name):
    """The module of the package that an imported name comes from; None for any other."""
    package, _, public = name.partition(".")
    if package != "skdigits" or public == "__version__":
        return None
    name = f"skdigits.{skdigits._HOMES[public]}" if public in skdigits._HOMES else name
    return name if name in MODULES else name.rpartition(".")[0]


def wing(module):
    return module.split(".")[1]


IMPORTS = {
    module: set(imported(ast.parse(path.read_text())))
    for module, path in MODULES.items()
    if module != "skdigits"
}
ARROWS = {module: set(filter(None, map(home, names))) for module, names in IMPORTS.items()}


def test_every_wing_is_in_the_plan():
    assert {wing(module) for module in ARROWS} == set(WINGS)


@pytest.mark.parametrize("name", WINGS)
def test_a_wing_knows_only_wings_below_it(name):
    above = WINGS[: WINGS.index(name)]
    found = {
        f"{module} imports {other}"
        for module, others in ARROWS.items()
        for other in others
        if wing(module) == name and wing(other) in above
    }
    assert not found


def test_there_is_no_circle():
    assert len(list(TopologicalSorter(ARROWS).static_order())) == len(ARROWS)


def test_two_wings_know_keras():
    """One builds its networks, the other translates their layers."""
    found = {m for m, names in IMPORTS.items() if KERAS & {name.split(".")[0] for name in names}}
    assert {wing(module) for module in found} == {"_networks", "_onnx"}


def test_no_module_is_too_long_to_read():
    others = [path for name in ("tests", "examples") for path in (ROOT / name).rglob("*.py")]
    lengths = {path: len(path.read_text().splitlines()) for path in [*MODULES.values(), *others]}
    assert {str(path): n for path, n in lengths.items() if n > 450} == {}


def test_no_folder_has_too_many_modules():
    counts = Counter(path.parent.name for path in MODULES.values() if path.stem != "__init__")
    assert {name: n for name, n in counts.items() if n > 14} == {}
