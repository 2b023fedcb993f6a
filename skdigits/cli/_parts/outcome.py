"""How a command ends: with an exit code, and one line about what went wrong; and its JSON."""

import atexit
import contextlib
import importlib.util
import json
import math
import os
import sys
import traceback
import warnings

DONE, FAILED, WRONG_USAGE, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 130, 141


class CommandError(Exception):
    """What a command could not do, in words for the user."""


class UsageError(CommandError):
    """Options that do not go together."""


def outcome_of(command, *, with_traceback=False):
    """Call a function, and report its errors and warnings on stderr in one line each.

    Parameters
    ----------
    command : callable
        Without arguments.
    with_traceback : bool, default=False
        Whether to also print the traceback of an error.

    Returns
    -------
    code : int
        0 for success, 1 for failure, 2 for wrong usage, 130 after Ctrl-C, 141 if the reader of a
        pipe went away; the last two follow the convention of shells.
    """
    with warnings.catch_warnings(), _any_character():
        warnings.showwarning = _show_warning
        try:
            command()
            sys.stdout.flush()
        except KeyboardInterrupt:
            _say("interrupted")
            return INTERRUPTED
        except BrokenPipeError:
            # Python flushes stdout once more when it exits, which would raise again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return PIPE_CLOSED
        except Exception as error:  # files and libraries may raise anything; the user gets a line
            if with_traceback:
                traceback.print_exc()
            _say(f"error: {_describe(error)}")
            return WRONG_USAGE if isinstance(error, UsageError) else FAILED
    return DONE


def end_process(code):
    """End this process with an exit code, after an interrupt without Python's cleaning up.

    What TensorFlow still computes in its own threads when training is interrupted may abort the
    process (code -6) while Python takes itself apart.

    Parameters
    ----------
    code : int
        Of :func:`outcome_of`.
    """
    if code == INTERRUPTED:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        os._exit(code)
    sys.exit(code)


@contextlib.contextmanager
def _any_character():
    """Escape characters that the terminal cannot print, as file names may contain any."""
    stdout = sys.stdout
    if not hasattr(stdout, "reconfigure"):  # a StringIO takes everything
        yield
        return
    before = stdout.errors
    stdout.reconfigure(errors="backslashreplace")
    try:
        yield
    finally:
        stdout.reconfigure(errors=before)


def _describe(error):
    if isinstance(error, (CommandError, ValueError, OSError, ImportError)) and str(error):
        return error
    return f"{type(error).__name__}: {error} (skdigits --traceback COMMAND ... shows where)"


def _show_warning(message, category, filename, lineno, file=None, line=None):
    _say(f"warning: {message}")


def _say(text):
    if "tqdm" in sys.modules:  # close interrupted progress bars, or they would print after this
        for bar in list(sys.modules["tqdm"].tqdm._instances):
            bar.close()
    sys.stderr.write(f"skdigits: {' '.join(str(text).split())}\n")
    sys.stderr.flush()


def need_openpyxl():
    """Say how to install what writes .xlsx files, unless it is there.

    Raises
    ------
    CommandError
    """
    if importlib.util.find_spec("openpyxl") is None:
        raise CommandError("a .xlsx file needs openpyxl: pip install 'skdigits[excel]'")


def to_json(value, **options):
    """Convert a value to JSON that every parser accepts, including NumPy's numbers.

    Parameters
    ----------
    value : object
        Dicts, lists, and what they contain.
    **options
        Passed to :func:`json.dumps`.

    Returns
    -------
    text : str
        NaN, which means that something could not be measured, becomes null, and infinity the string
        "Infinity", which `float` and JavaScript's `Number` can parse.
    """
    return json.dumps(_plain(value), allow_nan=False, **options)


def _plain(value):
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else f"{'-' * (value < 0)}Infinity"
    return value
