"""Names for the types of parameters that accept several forms."""

import os
from collections.abc import Callable
from typing import Any, Literal, TypeAlias, TypeVar

import numpy as np

PathLike: TypeAlias = str | os.PathLike[str]
RandomState: TypeAlias = int | np.random.RandomState | None
ImageShape: TypeAlias = tuple[int, int] | Literal["auto"]
# Arrays, lists, frames of pandas or polars: more than `numpy.typing.ArrayLike` covers.
Rows: TypeAlias = Any
Labels: TypeAlias = Any
Method = TypeVar("Method", bound=Callable[..., Any])  # a decorator keeps its signature
