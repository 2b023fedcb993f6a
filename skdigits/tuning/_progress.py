"""A line that shows the progress of a search, and the best setting so far."""

import threading
from collections import defaultdict
from uuid import uuid4

from tqdm.auto import tqdm

from skdigits.tuning._results import by_time, fold_score, read_record


class ProgressLine:
    """Watch the folder of records in a separate thread while the block runs.

    The files are the only source: workers of any kind need no connection to this process.

    Parameters
    ----------
    folder : pathlib.Path
        Where the search keeps its records.
    n_fits, n_splits : int
        Number of fits in the whole search, and for one setting.
    scoring : object
        The `scoring` of the search; records in the folder may come from others.
    metric : str, default=None
        Which of several scores decides on the best setting.
    is_shown : bool, default=True
        False counts without showing anything.
    """

    INTERVAL = 0.5  # seconds

    def __init__(self, folder, n_fits, n_splits, scoring, metric=None, is_shown=True):
        self.folder, self.n_splits = folder, n_splits
        self.scoring, self.metric = scoring, metric
        self.seen = set()
        self.lock = threading.Lock()
        self.scores = defaultdict(list)
        self.line = tqdm(
            total=n_fits, desc="search", unit="fit", dynamic_ncols=True, disable=not is_shown
        )

    def __enter__(self):
        mark = self.folder / f".started-{uuid4().hex}"
        mark.touch()  # tells the time of the file system, which may differ from this machine's
        self.start = mark.stat().st_mtime_ns
        mark.unlink()
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.is_over.set()
        self.thread.join()
        self.update()
        self.line.close()

    def _watch(self):
        while not self.is_over.wait(self.INTERVAL):
            self.update()

    def count(self):
        """Number of fits done or read since the start."""
        self.update()
        return len(self.seen)

    def update(self):
        """Add the records written or read since the start."""
        with self.lock:
            self._add_new()

    def _add_new(self):
        for when, path in by_time(self.folder):
            if when >= self.start and path not in self.seen and (record := read_record(path)):
                score = fold_score(record, self.scoring, self.metric)
                if score is not None:  # otherwise it belongs to another search
                    self._add(record, score)
                    self.seen.add(path)
                    self.line.update()

    def _add(self, record, score):
        setting = ", ".join(f"{k.split('__')[-1]}={_short(v)}" for k, v in record["params"].items())
        self.scores[setting].append(score)
        means = {
            setting: sum(scores[-self.n_splits :]) / self.n_splits
            for setting, scores in self.scores.items()
            if len(scores) >= self.n_splits
        }
        if means:
            best = max(means, key=lambda setting: means[setting])
            self.line.set_postfix_str(f"best {means[best]:.4f} with {best}", refresh=False)


def _short(value):
    return f"{value:.3g}" if isinstance(value, float) else value
