"""Search spaces, what a search costs, and searches that can be killed and go on.

Any search of scikit-learn will do; nothing here takes its place::

    search = GridSearchCV(make_digit_pipeline(random_state=0), search_space("quick"), n_jobs=2)
    print(estimate_cost(search, X, y))
    fit_search(search, X, y, results="tuning")
"""

from skdigits.tuning._cost import SearchCost, estimate_cost
from skdigits.tuning._results import read_results
from skdigits.tuning._search import fit_search, search_space

__all__ = ["SearchCost", "estimate_cost", "fit_search", "read_results", "search_space"]
