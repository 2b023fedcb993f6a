"""Search spaces, and searches that can be killed and go on.

Any search of scikit-learn will do; nothing here takes its place::

    search = GridSearchCV(make_digit_pipeline(random_state=0), search_space("quick"), n_jobs=2)
    fit_search(search, X, y, results="tuning")
"""

from skdigits.tuning._results import read_results
from skdigits.tuning._search import fit_search, search_space

__all__ = ["fit_search", "read_results", "search_space"]
