"""``skdigits info``."""

import re
from pathlib import Path

from skdigits._utils.scores import least_score
from skdigits.cli._parts.inputs import load_model
from skdigits.cli._parts.outcome import to_json

HELP = "describe a model file"
EXAMPLE = """\
example: skdigits info mine.skdigits
         skdigits info --json"""


def add_options(parser):
    """Add the options of the command."""
    parser.add_argument(
        "model",
        nargs="?",
        metavar="FILE",
        help="as --model of the other commands (default: the weights that come with skdigits)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options):
    """Load the model, and print what is known about it."""
    facts = {"model": options.model or "the weights that ship with skdigits"}
    model = load_model(options.model)
    if options.model is None:
        facts |= _facts_of_card()
    else:
        facts |= _facts_of_file(Path(options.model))
    facts |= _facts_of_model(model)
    if options.json:
        print(to_json(facts, indent=2))
        return
    for name, value in facts.items():
        print(f"{name:18} {_in_words(value)}")


def _in_words(value):
    if isinstance(value, dict):
        return ", ".join(f"{name} {what}" for name, what in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _facts_of_file(path):
    from skdigits._files.persistence import describe_file

    return {"bytes": path.stat().st_size, **describe_file(path)}


def _facts_of_card():
    """What the weights that ship were trained on, and their measured accuracy."""
    from importlib.resources import files

    card = (files("skdigits") / "models" / "hands.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| (\w+) \| (.*) \|$", card, re.MULTILINE))
    return {"trained on": rows["data"].replace("`", ""), "accuracy": rows["accuracy"]}


def _facts_of_model(model):
    from skdigits._utils.parameters import unwrap

    chain = list(unwrap(model))
    innermost = chain[-1]
    networks = getattr(innermost, "estimators_", [innermost])
    facts = {
        "kind": " of ".join(type(part).__name__ for part in chain),
        "classes": model.classes_.tolist(),
        "columns": getattr(model, "n_features_in_", None),
        "tells non-digits": least_score(model) is not None,
    }
    for part in chain:
        for name in ("temperature", "threshold", "target_error"):
            value = getattr(part, f"{name}_", getattr(part, name, None))
            if value is not None:
                facts[name.replace("_", " ")] = value
    if hasattr(networks[0], "weights_"):
        facts |= _facts_of_networks(networks)
    return {name: value for name, value in facts.items() if value is not None}


def _facts_of_networks(networks):
    first = networks[0]
    recipes = [_recipe(network) for network in networks]
    accuracies = [n.validation_scores_[n.best_epoch_ - 1] for n in networks if n.validation_scores_]
    return {
        "networks": len(networks),
        "preset": {recipe: recipes.count(recipe) for recipe in dict.fromkeys(recipes)}
        if len(networks) > 1
        else recipes[0],
        "architecture": list(dict.fromkeys(str(n.network_["architecture"]) for n in networks)),
        "picture": "x".join(map(str, first.image_shape_)),
        "parameters": sum(network.n_parameters_ for network in networks),
        "epochs trained": [network.n_iter_ for network in networks],
        "kept epoch": [network.best_epoch_ for network in networks],
        "tta": first.tta,
        "held out": first.validation_fraction,
        "held-out accuracy": accuracies or None,
    }


def _recipe(network):
    """The preset closest to a classifier's parameters, and the differences."""
    from skdigits import PRESETS, DigitCNNClassifier

    defaults, params = DigitCNNClassifier().get_params(), network.get_params()
    told = {name for preset in PRESETS.values() for name in preset}
    differences = {
        name: {n: params[n] for n in sorted(told) if params[n] != {**defaults, **preset}[n]}
        for name, preset in PRESETS.items()
    }
    nearest = min(differences, key=lambda name: len(differences[name]))
    but = ", ".join(f"{name}={value!r}" for name, value in differences[nearest].items())
    return f"{nearest}, but {but}" if but else nearest
