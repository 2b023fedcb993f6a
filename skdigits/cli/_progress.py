"""A bar for long answers: on a terminal, and only where there is something to wait for."""

import sys

_BLOCK = 1000  # rows between two looks at the clock
_LEAST = 4000  # rows; fewer are answered before one has read the bar


def bar(items, unit, is_quiet, *, least=2):
    """The items, with a bar for those who look on: among the messages of a script it is noise."""
    from tqdm import tqdm

    is_shown = len(items) >= least and not is_quiet and sys.stderr.isatty()
    return tqdm(items, unit=unit, disable=not is_shown)


class Watched:
    """A model that answers many rows in blocks, and shows how far it is.

    Parameters
    ----------
    model : classifier
        All that is not an answer is its own.
    is_quiet : bool
        Whether to show nothing.
    """

    def __init__(self, model, is_quiet=False):
        self._model, self._is_quiet = model, is_quiet

    def __getattr__(self, name):
        value = getattr(self._model, name)
        return self._in_blocks(value) if name in _ANSWERS else value

    def __getitem__(self, step):
        return self._model[step]

    def _in_blocks(self, answer):
        def answer_all(X):
            import numpy as np

            if len(X) < _LEAST:
                return answer(X)
            starts = range(0, len(X), _BLOCK)
            shown = bar(starts, f"x{_BLOCK:,} rows", self._is_quiet)
            return np.concatenate([answer(X[start : start + _BLOCK]) for start in shown])

        return answer_all


_ANSWERS = ("predict", "predict_proba", "predict_log_proba", "score_samples")
