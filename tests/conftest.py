"""Shared by all tests: real data where it is at hand, and scikit-learn's array API checks."""

import os

# Read by SciPy at import: without it scikit-learn leaves out its array API checks.
os.environ.setdefault("SCIPY_ARRAY_API", "1")
