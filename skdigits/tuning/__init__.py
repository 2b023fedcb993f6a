"""Search spaces, and searches that resume after they were killed.

They work with any search of scikit-learn::

    search = GridSearchCV(make_digit_pipeline(random_state=0), search_space("quick"), n_jobs=2)
    fit_search(search, X, y, results="tuning")
"""

from skdigits.tuning._results import read_results
from skdigits.tuning._search import fit_search, search_space

__all__ = ["fit_search", "read_results", "search_space"]
