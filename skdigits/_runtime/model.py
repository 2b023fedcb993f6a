"""A fitted classifier in an ONNX file, run with onnxruntime and NumPy alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from skdigits._runtime.checks import (
    INPUT,
    LOG_PROBABILITIES,
    MAX_BYTES,
    METADATA,
    PROBABILITIES,
    SCORE,
    check_bytes,
    read_metadata,
)
from skdigits._utils.foreign import START, name_foreign
from skdigits._utils.images import flatten_images, warn_of_pale_rows, warn_of_unscaled_rows
from skdigits._utils.rejection import reject
from skdigits._utils.typing import Labels, PathLike, Rows
from skdigits.exceptions import ModelFileError

MODELS = Path(__file__).parent.parent / "models"
_LOADED_ELSEWHERE = (b"PK", b"\x80")  # zips, as .skdigits files are, and pickles


class OnnxModel:
    """A fitted classifier that answers with an ONNX graph.

    :class:`skdigits.OnnxDigitClassifier` is this with scikit-learn's habits, and describes it.

    Parameters
    ----------
    content : bytes
        The content of the file.
    n_threads : int, default=1
        CPU threads for one call.
    """

    @classmethod
    def load(cls, path: PathLike, *, n_threads: int = 1) -> Self:
        """Read a file; :func:`skdigits.load_onnx` describes the errors.

        Parameters
        ----------
        path : path-like
            The file.
        n_threads : int, default=1
            CPU threads for one call.

        Returns
        -------
        model : OnnxModel
            Of the class that this is called on.
        """
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(
                f"There is no model file {path}. Write one with skdigits.export_onnx."
            )
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        what = name_foreign(content[:START])
        if what is None and content.startswith(_LOADED_ELSEWHERE):
            what = "is no ONNX file: load it with skdigits.load_pipeline"
        if what:
            raise ModelFileError(f"{path} {what}.")
        try:
            return cls(content, n_threads=n_threads)
        except ModelFileError as error:
            raise ModelFileError(f"{path}: {error}") from error.__cause__

    def __init__(self, content: bytes, *, n_threads: int = 1) -> None:
        if n_threads != int(n_threads) or n_threads < 1:
            raise ValueError(f"n_threads={n_threads!r} must be an int of at least 1.")
        self._block = check_bytes(content)  # rows per run, which bounds memory
        self.content, self.n_threads = content, n_threads
        self._session = _start(content, int(n_threads))
        n_classes = self._check_ends()
        text = self._session.get_modelmeta().custom_metadata_map.get(METADATA)
        about = read_metadata(text, n_classes, self.n_features_in_)
        self.classes_ = about["classes"]
        self.scale = about["scale"]
        self.reject_label = about["reject_label"]
        self.versions_ = about["versions"]
        if about["columns"] is not None:
            self.feature_names_in_ = np.array(about["columns"], dtype=object)
        if len(about["training_rows"]):
            self.training_rows_ = about["training_rows"]
        if about["threshold"] is not None:
            self.threshold_, self.temperature_ = about["threshold"], about["temperature"]

    def predict(self, X: Rows) -> NDArray[Any]:
        """Labels of pictures, with `reject_label` (unless None) for those that are not accepted.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, 1)
            Pictures, as the exported pipeline takes them.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            A label for each row.
        """
        log_proba, *scores = self._run(X, LOG_PROBABILITIES, *self._score_names)
        labels = self.classes_[log_proba.argmax(axis=1)]
        if self.reject_label is None:
            return labels
        return reject(labels, self._accepts(log_proba, *scores), self.reject_label)

    def predict_proba(self, X: Rows) -> NDArray[np.float64]:
        """Probabilities of the classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, 1)
            Pictures.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`; rows sum to 1.
        """
        return np.exp(self.predict_log_proba(X))

    def predict_log_proba(self, X: Rows) -> NDArray[np.float64]:
        """Natural logarithms of the probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, 1)
            Pictures.

        Returns
        -------
        log_proba : ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`.
        """
        return self._run(X, LOG_PROBABILITIES)[0]

    def accepts(self, X: Rows) -> NDArray[np.bool_]:
        """Whether each picture looks like a digit, and the answer is sure enough.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, 1)
            Pictures.

        Returns
        -------
        is_accepted : ndarray of shape (n_samples,), bool
            Whether the answer for each row is accepted.
        """
        return self._accepts(*self._run(X, LOG_PROBABILITIES, *self._score_names))

    @property
    def score_samples(self) -> Callable[[Rows], NDArray[np.float64]]:
        """How much pictures look like digits at all; only if the exported pipeline could tell."""
        if not self._score_names:
            raise AttributeError(
                "This model has no score_samples: export a pipeline made with novelty=True."
            )
        return lambda X: self._run(X, SCORE)[0]

    @property
    def offset_(self):
        """Lower scores mean "not a digit"; only with `score_samples`."""
        if not self._score_names:
            raise AttributeError("This model has no score_samples, hence no offset_.")
        return 0.0

    def score(self, X: Rows, y: Labels, sample_weight: Any = None) -> float:
        """Accuracy of the most probable class, whether accepted or not.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, 1)
            Pictures.
        y : array-like of shape (n_samples,)
            True labels.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each row counts; None counts all alike.

        Returns
        -------
        accuracy : float
            Share of right answers, 0 to 1.
        """
        labels, y = self.classes_[self.predict_log_proba(X).argmax(axis=1)], np.asarray(y)
        if y.shape not in (labels.shape, (len(labels), 1)):
            raise ValueError(
                f"y has shape {y.shape}, expected ({len(labels)},): one label for each row."
            )
        return float(np.average(labels == y.ravel(), weights=sample_weight))

    def _predict_both(self, X):
        """`predict_log_proba`, and `score_samples` or None, from one run."""
        log_proba, *score = self._run(X, LOG_PROBABILITIES, *self._score_names)
        return log_proba, score[0] if score else None

    def _accepts(self, log_proba, score=None):
        is_accepted = np.exp(log_proba.max(axis=1)) >= getattr(self, "threshold_", 0)
        return is_accepted if score is None else is_accepted & (score >= 0)

    @property
    def _score_names(self):
        names = [output.name for output in self._session.get_outputs()]
        return [SCORE] if SCORE in names else []

    def _run(self, X, *names):
        """The outputs with these names, computed in blocks, as float64."""
        X = self._check_rows(X)
        parts = [
            self._session.run(names, {INPUT: np.asarray(X[i : i + self._block], np.float32)})
            for i in range(0, len(X), self._block)
        ]
        outputs = [np.concatenate(part).astype(np.float64) for part in zip(*parts, strict=True)]
        if names[0] == LOG_PROBABILITIES:  # float32 probabilities sum to 1 only up to rounding
            outputs[0] -= np.log(np.exp(outputs[0]).sum(axis=1, keepdims=True))
        return outputs

    def _check_rows(self, X):
        self._check_columns(X)
        X = np.asarray(flatten_images(X))
        if X.ndim != 2 or X.shape[1] != self.n_features_in_ or not len(X):
            raise ValueError(
                f"X has shape {X.shape}, expected (n_samples, {self.n_features_in_}) with at least "
                "one row. For one picture write [picture]; drop a label column."
            )
        if X.dtype == object:  # for example from a frame with Int64 columns
            X = _as_numbers(X)
        if X.dtype.kind not in "biuf":
            raise ValueError(f"X holds {X.dtype}, expected numbers.")
        low, high = X.min(), X.max()
        if not (np.isfinite(low) and np.isfinite(high)):
            raise ValueError("X holds NaN or infinity, expected pixels.")
        if self.scale is not None and not (low >= 0 and high <= self.scale):
            raise ValueError(
                f"X goes from {low:g} to {high:g}, expected 0 to {self.scale:g} with the ink high."
            )
        if self.scale is None:
            warn_of_unscaled_rows(X)
        else:
            warn_of_pale_rows(X, self.scale)
        return X

    def _check_columns(self, X):
        """Refuse a frame with other columns than in `fit`, or with its pixels in another order."""
        names = [str(name) for name in getattr(X, "columns", ())]
        pixels = [f"pixel{i}" for i in range(self.n_features_in_)]
        expected = list(getattr(self, "feature_names_in_", pixels))
        is_known = hasattr(self, "feature_names_in_") or set(names) == set(pixels)
        if names and is_known and names != expected:
            raise ValueError(
                f"X has the columns {_shorten(names)}, expected {_shorten(expected)}, which the "
                "pipeline was fitted on. If X has them in another order, give X[list(names)] with "
                "the names in feature_names_in_ or, without it, pixel0, pixel1, ..."
            )

    def _check_ends(self):
        """Check inputs and outputs; return the number of classes."""
        inputs = {i.name: (i.type, i.shape) for i in self._session.get_inputs()}
        outputs = {o.name: (o.type, o.shape) for o in self._session.get_outputs()}
        shapes = [shape for _, shape in [*inputs.values(), *outputs.values()]]
        score = outputs.pop(SCORE, ("tensor(float)", ["n"]))
        kinds = {kind for kind, _ in [*inputs.values(), *outputs.values(), score]}
        is_known = (
            list(inputs) == [INPUT]
            and set(outputs) == {LOG_PROBABILITIES, PROBABILITIES}
            and kinds == {"tensor(float)"}
            and all(shape and shape[0] == "n" for shape in shapes)
            and [len(shape) for shape in (inputs[INPUT][1], score[1])] == [2, 1]
            and all(len(shape) == 2 and isinstance(shape[1], int) for _, shape in outputs.values())
            and isinstance(inputs[INPUT][1][1], int)
        )
        if not is_known:
            raise ModelFileError(
                f"The ONNX model maps {inputs} to {outputs}; expected float pixels to "
                "probabilities. Write it with skdigits.export_onnx."
            )
        self.n_features_in_ = inputs[INPUT][1][1]
        return outputs[LOG_PROBABILITIES][1][1]

    def __reduce__(self):
        rows = getattr(self, "training_rows_", None)  # of what ships they are in no file of ONNX
        kept = None if rows is None else {"training_rows_": rows}
        return _restore, (type(self), self.content, self.n_threads), kept


def _as_numbers(X):
    try:
        return X.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"X holds something that is not a number ({str(error)[:100]}), expected pixels: fill "
            "or drop missing values."
        ) from None


def _shorten(names):
    shown = [repr(str(name)[:30]) for name in names[:3]] + ["..."] * (len(names) > 3)
    return f"{', '.join(shown)} ({len(names)})"


def _restore(kind, content, n_threads):
    return kind(content, n_threads=n_threads)


def load_shipped(name: str = "hands") -> OnnxModel:
    """The weights that ship with the package; :func:`skdigits.load_pretrained` describes them.

    Parameters
    ----------
    name : str, default="hands"

    Returns
    -------
    model : OnnxModel
    """
    return OnnxModel.load(MODELS / f"{name}.onnx")


def _start(content, n_threads):
    try:
        import onnxruntime
    except ImportError:
        raise ImportError("onnxruntime is not installed: pip install onnxruntime") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = n_threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # errors are raised, not printed
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime has its own class for each kind of damage
        cause = str(error).splitlines()[0][:200]
        raise ModelFileError(
            f"onnxruntime cannot use this model ({cause}). Write it again with "
            "skdigits.export_onnx."
        ) from None
