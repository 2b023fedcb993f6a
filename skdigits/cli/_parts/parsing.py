"""argparse as this command uses it: errors in one line, checked numbers, shell completion."""

import argparse

from skdigits._estimators.presets import PRESETS
from skdigits.cli._parts.outcome import FAILED, WRONG_USAGE


class HelpFormatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Keeps the line breaks of examples, and shows only defaults that are informative."""

    def _get_help_string(self, action):
        if action.default is None or action.default is False or not action.option_strings:
            return action.help
        return super()._get_help_string(action)


class Parser(argparse.ArgumentParser):
    """Reports what is wrong with a command line in one line, and exits with code 2."""

    def __init__(self, **options):
        super().__init__(**{"formatter_class": HelpFormatter, **options})

    def error(self, message):
        self.exit(WRONG_USAGE, f"skdigits: error: {message}; see {self.prog} --help\n")


class PrintCompletion(argparse.Action):
    """Print a completion script for the whole parser, made by shtab."""

    def __call__(self, parser, namespace, values, option_string=None):
        try:
            import shtab
        except ImportError:
            parser.exit(
                FAILED,
                'skdigits: error: completion needs shtab: pip install "skdigits[completion]"\n',
            )
        for action in _actions_of(parser):
            if action.metavar in ("FILE", "PICTURE", "DATA"):
                action.complete = shtab.FILE
            elif action.metavar == "DIR":
                action.complete = shtab.DIRECTORY
        print(shtab.complete(parser, values))
        parser.exit()


def _actions_of(parser):
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _actions_of(command)


def whole_number(least):
    """Type of an option that takes an integer of at least `least`."""

    def parse(text):
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            raise argparse.ArgumentTypeError(
                f"expected an integer of at least {least}, got {text!r}"
            )
        return number

    return parse


def share(text):
    """Type of an option that takes a share of the rows."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1:
        raise argparse.ArgumentTypeError(f"expected at least 0 and less than 1, got {text!r}")
    return number


def n_workers(text):
    """Type of an option that takes a number of workers, -1 for all cores."""
    return -1 if text == "-1" else whole_number(1)(text)


def members(text):
    """Type of the values of ``--members``: N or PRESET=N, as (preset or None, n)."""
    preset, equals, count = text.rpartition("=")
    if equals and preset not in PRESETS:
        raise argparse.ArgumentTypeError(
            f"expected N or PRESET=N with PRESET one of {', '.join(PRESETS)}; got {text!r}"
        )
    return preset or None, whole_number(1)(count)


class StoreMembers(argparse.Action):
    """Combine the values of ``--members`` into an int, or a dict of presets to ints."""

    def __call__(self, parser, namespace, values, option_string=None):
        chosen = dict(values)
        if len(chosen) < len(values) or (None in chosen and len(values) > 1):
            parser.error(f"{option_string} takes one number, or PRESET=N once for each preset")
        setattr(namespace, self.dest, chosen.get(None, chosen))
