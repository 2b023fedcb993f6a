"""
What importing costs
====================

Wall seconds and resident memory of a new Python process after each import::

    python examples/benchmarks/import_time.py --repeats 5
"""

import json
import subprocess
import sys
from statistics import median

from _shared import finish, make_parser

STATEMENTS = [
    "import skdigits",
    "from skdigits import make_digit_pipeline",
    "from skdigits import datasets",
    "from skdigits import DigitReader",
    "import skdigits._networks.training  # what the first fit or predict imports",
]
PROBE = """
import time; start = time.perf_counter()
{statement}
taken = time.perf_counter() - start
import json, resource
print(json.dumps([taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


def main():
    parser = make_parser(__doc__.split("\n")[1], "example: --repeats 3")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    results = {}
    for statement in STATEMENTS:
        runs = []
        for _ in range(options.repeats):
            command = [sys.executable, "-c", PROBE.format(statement=statement)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            runs.append(json.loads(done.stdout))
        seconds, megabytes = (median(run[i] for run in runs) for i in (0, 1))
        results[statement] = {"seconds": seconds, "resident_mb": megabytes}
        print(f"{seconds:7.3f} s {megabytes:6.0f} MB  {statement}")
    finish(options, results)


if __name__ == "__main__":
    main()
