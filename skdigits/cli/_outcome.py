"""How a command ends: an exit code, and at most one line of what went wrong."""

import contextlib
import os
import sys
import traceback
import warnings

DONE, FAILED, WRONG_USAGE, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 130, 141


class CommandError(Exception):
    """What a command could not do, in words for its user."""


class UsageError(CommandError):
    """Options that do not go together."""


def outcome_of(command, *, with_traceback=False):
    """Call a function; tell in one line on stderr what it raises and warns of.

    Parameters
    ----------
    command : callable
        Without arguments.
    with_traceback : bool, default=False
        Whether to print the traceback of an error too.

    Returns
    -------
    code : int
        0 when done, 1 when it could not be done, 2 for wrong usage, 130 after Ctrl-C, 141 when the
        reader of a pipe went away; the last two are what shells give.
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
            # Python flushes stdout once more at its end: into nothing then.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return PIPE_CLOSED
        except Exception as error:  # whatever files and libraries lead to, the user gets one line
            if with_traceback:
                traceback.print_exc()
            _say(f"error: {_describe(error)}")
            return WRONG_USAGE if isinstance(error, UsageError) else FAILED
    return DONE


@contextlib.contextmanager
def _any_character():
    """Write what the terminal has no character for as its number: a file may have any name."""
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
    if "tqdm" in sys.modules:  # the last line is this one, and not that of a bar that was cut off
        for bar in list(sys.modules["tqdm"].tqdm._instances):
            bar.close()
    sys.stderr.write(f"skdigits: {' '.join(str(text).split())}\n")
    sys.stderr.flush()
