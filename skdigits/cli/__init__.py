"""The command ``skdigits``.

Each command has its own module with ``HELP``, ``EXAMPLE``, ``add_options(parser)`` and
``run(options)``. The library is imported inside functions, so that ``skdigits --help`` and usage
errors do not wait for it.

The parser is argparse: it comes with Python, loads quickly, and lets scripts reuse the options of a
command, as those in ``examples/`` do.
"""

from skdigits import __version__
from skdigits.cli import (
    adapt,
    demo,
    evaluate,
    export,
    forms,
    info,
    predict,
    submit,
    template,
    train,
    tune,
)
from skdigits.cli._parts.inputs import load_model
from skdigits.cli._parts.outcome import end_process, outcome_of
from skdigits.cli._parts.parsing import Parser, PrintCompletion

__all__ = ["Parser", "load_model", "main", "make_parser", "outcome_of", "run"]

_COMMANDS = {
    "train": train,
    "tune": tune,
    "predict": predict,
    "template": template,
    "forms": forms,
    "adapt": adapt,
    "evaluate": evaluate,
    "submit": submit,
    "demo": demo,
    "export": export,
    "info": info,
}


def main(arguments=None):
    """Run a command line.

    Parameters
    ----------
    arguments : list of str, default=None
        The arguments after the name of the program; None takes those of ``sys.argv``.

    Returns
    -------
    code : int
        0 for success, 1 for failure, 2 for options that do not go together, 130 after an interrupt,
        141 if the reader of a pipe went away.

    Raises
    ------
    SystemExit
        With code 2 for a command line that cannot be parsed, and code 0 after ``--help``.

    Examples
    --------
    >>> from skdigits.cli import main
    >>> main(["info"])
    model              the weights that ship with skdigits
    ...
    0
    """
    options = make_parser().parse_args(arguments)
    return outcome_of(lambda: options.run(options), with_traceback=options.traceback)


def run():
    """Run the command line of this process, and end the process: what ``skdigits`` calls.

    Raises
    ------
    SystemExit
        With the code of :func:`main`; after an interrupt the process ends without raising.
    """
    end_process(main())


def make_parser():
    """The parser of all commands.

    Returns
    -------
    parser : argparse.ArgumentParser
    """
    parser = Parser(
        prog="skdigits",
        description="Read, train and measure handwritten digits.",
        epilog="example: skdigits predict photo.jpg\n"
        "skdigits COMMAND --help shows examples of each command.",
    )
    parser.add_argument("--version", action="version", version=f"skdigits {__version__}")
    parser.add_argument(
        "--print-completion",
        action=PrintCompletion,
        choices=["bash", "zsh", "tcsh"],
        help="print a script that lets the shell complete commands and options: "
        'eval "$(skdigits --print-completion bash)"',
    )
    parser.add_argument(
        "--traceback", action="store_true", help="show the traceback of an error, for bug reports"
    )
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", dest="command", required=True
    )
    for name, module in _COMMANDS.items():
        command = commands.add_parser(
            name, help=module.HELP, description=f"{module.HELP}.", epilog=module.EXAMPLE
        )
        module.add_options(command)
        command.set_defaults(run=module.run)
    return parser
