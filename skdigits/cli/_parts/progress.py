"""Progress bars: only on a terminal, and only if there is something to wait for."""

import sys

_BLOCK = 1000  # rows between two updates of the bar
_LEAST = 4000  # rows; fewer take too little time for a bar


def bar(items, unit, is_quiet, *, least=2):
    """Iterate over items with a progress bar, if there is a terminal to show it on."""
    from tqdm import tqdm

    is_shown = len(items) >= least and not is_quiet and sys.stderr.isatty()
    return tqdm(items, unit=unit, disable=not is_shown)


class WithProgress:
    """A model that predicts many rows in blocks, with a progress bar.

    Parameters
    ----------
    model : classifier
        All other attributes are those of this model.
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
