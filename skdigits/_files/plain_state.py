"""Convert estimators of a fixed list to plain values, and back.

Plain values are those of JSON. Anything JSON lacks becomes a dict with the key "!", which names its
kind: an estimator, a tuple, an array, a NumPy scalar, a dict with keys other than strings, inf and
NaN. Arrays of floats or uint32 are stored separately and referred to by position.
"""

import math
import re

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from skdigits._estimators.classifier import DigitCNNClassifier
from skdigits._estimators.ensemble import DigitEnsembleClassifier
from skdigits._estimators.pipeline import DigitPipeline
from skdigits._estimators.scaling import PixelScaler
from skdigits._estimators.selective import SelectiveClassifier
from skdigits._files.container import Malformed
from skdigits._files.state_checks import FOLDERS, check_estimator, check_parameters
from skdigits._pictures.normalizer import DigitNormalizer

MAX_NESTED = 8  # estimators inside each other
_MAX_TEXTS = 2**24  # bytes of an array of strings or integers

_COLUMNS = {"n_features_in_": True, "feature_names_in_": False}
_LEARNED = {**_COLUMNS, "training_rows_": False}
# The fitted attributes of each kind, and whether every fitted estimator has them.
KINDS = {
    Pipeline: {},
    DigitPipeline: {},
    FrozenEstimator: {},
    DigitNormalizer: {},
    PixelScaler: _COLUMNS,
    DigitCNNClassifier: {
        **_LEARNED,
        "classes_": True,
        "network_": True,
        "weights_": True,
        "history_": True,
        "n_iter_": True,
        "best_epoch_": True,
        "digits_": False,
    },
    DigitEnsembleClassifier: {**_LEARNED, "classes_": True, "estimators_": True},
    SelectiveClassifier: {
        **_LEARNED,
        "classes_": True,
        "temperature_": True,
        "threshold_": True,
        "floor_": False,
        "n_held_out_": True,
        "validation_score_": True,
        "coverage_": True,
        "estimator_": True,
    },
}
_KINDS_BY_NAME = {kind.__name__: kind for kind in KINDS}
_FOLLOWS = {"validation_scores_"}  # a part of `history_`
_DTYPE = re.compile(r"\|b1|\|[iu]1|<[iu][248]|<f[248]|<U\d{1,5}|object")
_ASK = "Save it as .joblib, which takes any estimator"


class PlainWriter:
    """Turn estimators into plain values.

    Attributes
    ----------
    arrays : list of ndarray
        The arrays of floats or uint32 met so far, without duplicates.
    """

    def __init__(self):
        self.arrays = []
        self._positions = {}

    def write(self, value, where="the pipeline"):
        """The plain form of a value.

        Parameters
        ----------
        value : object
        where : str
            What the value is, for messages.

        Raises
        ------
        TypeError
            If it has no plain form.
        """
        if value is None or type(value) in (bool, int, str):
            return value
        if type(value) is float:
            return value if math.isfinite(value) else {"!": "float", "value": repr(value)}
        if isinstance(value, np.generic) and value.dtype.kind in "biufU":
            plain = self.write(value.item(), where)
            return {"!": "scalar", "dtype": value.dtype.str, "value": plain}
        if type(value) in (list, tuple):
            items = [self.write(item, f"{where}[{i}]") for i, item in enumerate(value)]
            return items if type(value) is list else {"!": "tuple", "items": items}
        if type(value) is dict:
            return self._write_dict(value, where)
        if isinstance(value, np.ndarray):
            return self._write_array(value, where)
        if type(value) in KINDS:
            return self._write_estimator(value, where)
        kind = type(value).__name__
        if isinstance(value, BaseEstimator):
            of_search = "Save its best_estimator_. " * hasattr(value, "best_estimator_")
            raise TypeError(
                f"{where} is a {kind}, which a .skdigits file cannot hold. {of_search}{_ASK}."
            )
        raise TypeError(
            f"{where} is {' '.join(str(value).split())[:60]} of type {kind}, which a .skdigits "
            f"file cannot hold. {_ASK}, or set another value."
        )

    def _write_dict(self, value, where):
        items = [
            [self.write(k, f"a key of {where}"), self.write(v, f"{where}[{k!r}]")]
            for k, v in value.items()
        ]
        if all(type(key) is str for key in value) and "!" not in value:
            return dict(items)
        return {"!": "dict", "items": items}

    def _write_array(self, value, where):
        kind, dtype = value.dtype.kind, value.dtype.str
        if dtype in ("<f2", "<f4", "<f8", "<u4"):
            position = self._positions.setdefault(id(value), len(self.arrays))
            if position == len(self.arrays):
                self.arrays.append(value)
            return {"!": "array", "position": position}
        is_small = value.ndim == 1 and value.nbytes <= _MAX_TEXTS
        if not is_small or kind not in "biuUO" or not value.dtype.isnative:
            raise TypeError(
                f"{where} is an array of {value.dtype} and shape {value.shape}, which a .skdigits "
                f"file cannot hold. {_ASK}."
            )
        values = [self.write(item, f"an item of {where}") for item in value.tolist()]
        return {"!": "array", "dtype": "object" if kind == "O" else dtype, "values": values}

    def _write_estimator(self, estimator, where):
        name = type(estimator).__name__
        parameters = estimator.get_params(deep=False)
        # Folders mean nothing on another computer, and loading a file must not write to any.
        kept = {k: None if k in FOLDERS else v for k, v in parameters.items()}
        fitted = {k: v for k, v in vars(estimator).items() if k not in parameters}
        known = KINDS[type(estimator)]
        strange = sorted(set(fitted) - set(known) - _FOLLOWS)
        if strange:
            raise TypeError(
                f"{name} has {', '.join(strange)}, which a .skdigits file does not keep. {_ASK}, "
                "or delete the attribute."
            )

        def plain(values):
            return {k: self.write(v, f"{k} of {name}") for k, v in values.items()}

        has_state = any(k in fitted for k, is_sure in known.items() if is_sure)
        state = {k: fitted[k] for k in known if k in fitted} if has_state else None
        return {
            "!": "estimator",
            "kind": name,
            "parameters": plain(kept),
            "fitted": None if state is None else plain(state),
        }


class PlainReader:
    """Turn plain values from a file into estimators, checking everything.

    Parameters
    ----------
    arrays : list of ndarray
        The arrays that the values refer to by position.
    """

    def __init__(self, arrays):
        self.arrays = arrays
        self._used = set()
        self._depth = 0

    def read_whole(self, value):
        """The estimator that `value` describes; it must use all arrays.

        Raises
        ------
        Malformed
            If the values do not describe an estimator, or one that no fit could have made.
        """
        estimator = self.read(value)
        if type(estimator) not in KINDS:
            raise Malformed("describes no estimator")
        if len(self._used) != len(self.arrays):
            raise Malformed("has arrays that belong to nothing")
        return estimator

    def read(self, value):
        """The value that a plain form stands for."""
        if type(value) is list:
            return [self.read(item) for item in value]
        if type(value) is not dict:
            return value
        if "!" not in value:
            return {key: self.read(item) for key, item in value.items()}
        forms = {
            "tuple": ("items",),
            "dict": ("items",),
            "float": ("value",),
            "scalar": ("dtype", "value"),
            "array": ("position",) if "position" in value else ("dtype", "values"),
            "estimator": ("kind", "parameters", "fitted"),
        }
        form = value["!"]
        if type(form) is not str or form not in forms or tuple(value) != ("!", *forms[form]):
            raise Malformed(f"has a value of unknown form {str(form)[:40]!r}")
        return getattr(self, f"_read_{form}")(*(value[name] for name in forms[form]))

    def _read_tuple(self, items):
        return tuple(self._read_items(items))

    def _read_dict(self, items):
        pairs = self._read_items(items)
        if any(type(pair) is not list or len(pair) != 2 for pair in pairs):
            raise Malformed("has a dict whose items are no pairs")
        if any(isinstance(key, (list, dict, tuple, np.ndarray)) for key, _ in pairs):
            raise Malformed("has a dict with a key that is no plain value")
        found = dict(pairs)
        if len(found) != len(pairs):
            raise Malformed("has a dict with a key twice")
        return found

    def _read_items(self, items):
        if type(items) is not list:
            raise Malformed("has items that are no list")
        return self.read(items)

    def _read_float(self, value):
        if value not in ("inf", "-inf", "nan"):
            raise Malformed(f"has a number {str(value)[:40]!r}")
        return float(value)

    def _read_scalar(self, dtype, value):
        return self._array_of(dtype, [self.read(value)], kinds="biufU")[0]

    def _read_array(self, *entries):
        if len(entries) == 1:
            position = entries[0]
            if type(position) is not int or not 0 <= position < len(self.arrays):
                raise Malformed(f"names array {str(position)[:40]}; there are {len(self.arrays)}")
            self._used.add(position)
            return self.arrays[position]
        dtype, values = entries
        return self._array_of(dtype, self._read_items(values), kinds="biuUO")

    def _array_of(self, dtype, values, kinds):
        """An array of the named type with exactly these values."""
        if any(type(value) not in (bool, int, float, str) for value in values):
            raise Malformed("has an array of values that are no numbers or texts")
        dtype = str(dtype)
        wanted = np.dtype(dtype) if _DTYPE.fullmatch(dtype) else None
        is_known = wanted is not None and wanted.kind in kinds
        if not is_known or wanted.itemsize * len(values) > _MAX_TEXTS:
            raise Malformed(f"has an array of type {dtype[:40]!r}, which is unknown or too large")
        try:
            array = np.array(values, dtype=wanted)
        except (TypeError, ValueError, OverflowError) as error:
            raise Malformed(f"has an array that cannot be of type {dtype!r}") from error
        if repr(array.tolist()) != repr(values):  # compares types, too
            raise Malformed(f"has an array whose values are not of type {dtype!r}")
        return array

    def _read_estimator(self, name, parameters, fitted):
        if type(name) is not str or name not in _KINDS_BY_NAME:
            raise Malformed(f"names a kind of estimator {str(name)[:40]!r}, which is unknown")
        self._depth += 1
        if self._depth > MAX_NESTED:
            raise Malformed(f"has more than {MAX_NESTED} estimators inside each other")
        kind = _KINDS_BY_NAME[name]
        parameters = self._read_named(parameters, f"parameters of {name}")
        unknown = set(parameters) - set(kind._get_param_names())
        if unknown:
            raise Malformed(f"has unknown parameters {sorted(unknown)[:3]} of {name}")
        estimator = kind(**parameters)  # raises if a parameter is missing
        check_parameters(estimator)
        if fitted is not None:
            state = self._read_named(fitted, f"fitted attributes of {name}")
            known = KINDS[kind]
            lost = {k for k, is_sure in known.items() if is_sure} - set(state)
            if lost or not set(state) <= set(known) or not known:
                raise Malformed(f"lacks fitted attributes of {name}, or has others: {sorted(lost)}")
            vars(estimator).update(state)
        check_estimator(estimator)
        self._depth -= 1
        return estimator

    def _read_named(self, values, what):
        if type(values) is not dict or "!" in values:
            raise Malformed(f"has {what} that are no dict")
        return self.read(values)
