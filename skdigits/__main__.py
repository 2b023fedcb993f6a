"""``python -m skdigits`` is the command ``skdigits``."""

import sys

from skdigits.cli import main

if __name__ == "__main__":
    sys.exit(main())
