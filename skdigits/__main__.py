"""``python -m skdigits`` is the command ``skdigits``."""

from skdigits.cli import run

if __name__ == "__main__":
    run()
