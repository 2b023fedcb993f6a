"""`load_hands`: collections of handwriting from all over the world, as rows in MNIST's form."""

from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from sklearn.utils import Bunch

from skdigits._utils.random import draw_seeds
from skdigits._utils.typing import PathLike, RandomState
from skdigits.datasets._pen import draw_strokes, make_rows

NO_DIGIT = -1
# Letters that some people write as others write a digit: examples of neither.
DIGIT_LIKE = "BDGIJOQSYZbdgijloqsyz|/"
# The same of Omniglot's alphabets, by the number of the character.
_DIGIT_LIKE_OF = {
    "Japanese_(katakana)": [1, 2, 8, 12, 22, 24, 27, 28, 30, 36, 37, 38, 42, 43, 45, 46],
    "Sanskrit": [5, 6, 11, 12, 13, 14, 18, 21, 23, 26, 27, 29, 31, 33, 36, 37, 41],
    "Tagalog": [3, 4, 16],
}

_SIDE = 112  # of a drawn picture: five times the final 20 pixels of its ink, and a margin
_INK = 100
# MNIST's strokes have a median width of 2.46 of 20 pixels; widths that `DigitNormalizer` would
# change are avoided.
_PEN, _PEN_SPREAD, _PEN_BOUNDS = 2.5, 0.26, (2.1, 4.0)
_SLANT, _TURN = 0.12, 0.05  # standard deviations: horizontal shift per pixel, radians


def load_hands(
    folder: PathLike,
    *,
    digit_like: bool = False,
    random_state: RandomState = None,
    n_jobs: int | None = None,
) -> Bunch:
    """Load a folder of handwriting collections, one NumPy file each, as rows in MNIST's form.

    Pictures go through :class:`~skdigits.DigitNormalizer`. Pen strokes are drawn first, each sample
    with its own stroke width and slant.

    Parameters
    ----------
    folder : str or path-like
        Folder of ".npz" files, each named after its source. A file has labels ``y`` (n,), 0-9 or -1
        for a non-digit, and either pictures ``X`` (n, height, width) uint8, ink high on 0, or
        strokes: ``points`` (total, 2), x to the right and y down, the longer side of each sample
        being 1000; ``stroke``, the index in `points` where each stroke begins, and where the last
        one ends; and ``sample``, the index in `stroke` where each sample begins, and where the last
        one ends. Optional are ``writer``, ``country`` and ``char`` (n,): who wrote which character,
        and where. Rows marked in ``suspect`` (n,) are left out.
    digit_like : bool, default=False
        Whether to keep letters and foreign characters that look like a digit, such as O, l and Z.
    random_state : int, RandomState instance or None, default=None
        Draws width and slant of the strokes.
    n_jobs : int, default=None
        Number of processes that draw and scale.

    Returns
    -------
    hands : :class:`~sklearn.utils.Bunch`
        A dict whose keys are attributes, too.

        data : ndarray of shape (n, 784), uint8
            The rows, sources one after the other.
        target : ndarray of shape (n,), int64
            The digits 0-9; -1 for non-digits: give classifiers ``other_label=-1``.
        source, writer, country, char : ndarray of shape (n,), str
            Empty if a file does not have them.
        groups : ndarray of shape (n,), str
            Source and writer, for splitters such as :class:`~sklearn.model_selection.GroupKFold`.
            If a source does not name its writers, all its rows are one group.
        images : ndarray of shape (n, 28, 28), uint8
            The rows as pictures (a view of the same memory).

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or no such file in it.
    ValueError
        If a file is not such a collection; the message names it.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> from skdigits.datasets import load_hands
    >>> with TemporaryDirectory() as folder:
    ...     np.savez(
    ...         Path(folder, "mine.npz"), y=[1, -1], writer=["ann", "bob"],
    ...         points=[[0, 400], [300, 0], [300, 1000], [0, 0], [900, 1000], [900, 0], [0, 1000]],
    ...         stroke=[0, 3, 5, 7], sample=[0, 1, 3],
    ...     )
    ...     hands = load_hands(folder, random_state=0)
    >>> hands.data.shape, hands.target, hands.groups
    ((2, 784), array([ 1, -1]), array(['mine/ann', 'mine/bob'], dtype='<U8'))
    """
    folder = Path(folder)
    paths = sorted(folder.glob("*.npz"))
    if not paths:
        raise FileNotFoundError(
            f"There is no folder {folder} with .npz files. Give the folder of your collections."
        )
    seeds = draw_seeds(random_state, [path.stem for path in paths])
    sources = [_read_source(path, digit_like) for path in paths]
    data = [_draw(source, seeds[source["name"]], n_jobs) for source in sources]
    columns = {
        name: np.concatenate([source[name] for source in sources])
        for name in ("target", "source", "writer", "country", "char")
    }
    rows = np.concatenate(data)
    return Bunch(
        data=rows,
        **columns,
        groups=np.char.add(np.char.add(columns["source"], "/"), columns["writer"]),
        images=rows.reshape(-1, 28, 28),
        DESCR=f"Handwriting of {', '.join(seeds)}: pictures of 28x28 pixels, ink 255 on 0.",
    )


def _read_source(path, digit_like):
    """Read and check a file: its columns, and the pictures or strokes of the rows to keep."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            held = dict(arrays)
        source = _check_source(held)
    except (ValueError, BadZipFile) as error:
        raise ValueError(
            f"{path} is not a collection of handwriting ({error}); see load_hands."
        ) from error
    n_rows = len(source["target"])
    for name in ("writer", "country", "char"):
        source[name] = np.asarray(held.get(name, np.full(n_rows, ""))).astype(str)
    source |= {"name": path.stem, "source": np.full(n_rows, path.stem)}
    kept = ~np.asarray(held.get("suspect", np.zeros(n_rows, bool)))
    if not digit_like:
        kept &= (source["target"] != NO_DIGIT) | ~_look_like_digits(source["char"])
    return {name: values if name == "name" else values[kept] for name, values in source.items()}


def _check_source(held):
    missing = {"y"} if "X" in held else {"y", "points", "stroke", "sample"}
    missing -= set(held)
    if missing:
        raise ValueError(f"without {sorted(missing)}")
    target = held["y"].astype(np.int64)
    if not np.isin(target, [NO_DIGIT, *range(10)]).all():
        raise ValueError("labels other than 0-9 and -1")
    if "X" in held:
        drawn = held["X"]
        if drawn.ndim != 3 or drawn.dtype != np.uint8:
            raise ValueError(f"X is {drawn.dtype} of shape {drawn.shape}")
    else:
        strokes = np.empty(len(held["stroke"]) - 1, object)
        strokes[:] = np.split(held["points"], held["stroke"][1:-1])
        drawn = np.empty(len(held["sample"]) - 1, object)
        drawn[:] = np.split(strokes, held["sample"][1:-1])
    if len(drawn) != len(target):
        raise ValueError(f"{len(target)} labels for {len(drawn)} samples")
    return {"target": target, "drawn": drawn}


def _look_like_digits(chars):
    alike = set(DIGIT_LIKE) | {
        f"{alphabet}/character{number:02}"
        for alphabet, numbers in _DIGIT_LIKE_OF.items()
        for number in numbers
    }
    return np.isin(chars, list(alike))


def _draw(source, seed, n_jobs):
    drawn = source["drawn"]
    if drawn.dtype != object:
        return make_rows(np.asarray, list(drawn), n_jobs)
    rng = np.random.default_rng(seed)
    widths = np.clip(_PEN * np.exp(rng.normal(0, _PEN_SPREAD, len(drawn))), *_PEN_BOUNDS)
    slants, turns = rng.normal(0, 1, (2, len(drawn))) * [[_SLANT], [_TURN]]
    tasks = list(zip(drawn, widths.tolist(), slants.tolist(), turns.tolist(), strict=True))
    return make_rows(_draw_sample, tasks, n_jobs)


def _draw_sample(task):
    """Draw a sample such that its ink, including the width of the pen, has full size."""
    strokes, width, slant, turn = task
    cos, sin = np.cos(turn), np.sin(turn)
    matrix = np.array([[1, 0], [-slant, 1]]) @ [[cos, sin], [-sin, cos]]
    strokes = [np.asarray(stroke, float) @ matrix for stroke in strokes]
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    width = round(width * _INK / 20)
    scale = (_INK - width) / max(*(high - low), 1)
    middle = (low + high) / 2
    strokes = [(stroke - middle) * scale + _SIDE / 2 for stroke in strokes]
    return draw_strokes(strokes, width, _SIDE)
