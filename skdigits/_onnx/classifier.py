"""The scikit-learn face of a classifier in an ONNX file."""

from __future__ import annotations

from typing import NoReturn

from sklearn.base import BaseEstimator, ClassifierMixin

from skdigits._runtime.model import OnnxModel
from skdigits._utils.about import DocLinkMixin
from skdigits._utils.typing import Labels, PathLike, Rows


def load_onnx(path: PathLike, *, n_threads: int = 1) -> OnnxDigitClassifier:
    """Load a classifier from a file of :func:`export_onnx`.

    TensorFlow is not imported, and no code from the file is run: it is refused if it contains
    anything that :func:`export_onnx` does not write.

    Parameters
    ----------
    path : path-like
        The file.
    n_threads : int, default=1
        CPU threads for one call. With 1 the calling thread computes, which is as fast if many
        threads or processes predict at the same time.

    Returns
    -------
    classifier : OnnxDigitClassifier
        Ready to predict.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ModelFileError
        If the file is damaged, too large, from another program, or in another format.
    ImportError
        If onnxruntime is not installed.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> from skdigits import export_onnx, load_onnx, load_pretrained
    >>> with TemporaryDirectory() as folder:
    ...     path = export_onnx(load_pretrained(trainable=True), Path(folder, "digits.onnx"))
    ...     classifier = load_onnx(path)
    >>> classifier.predict_proba(np.zeros((1, 784))).shape
    (1, 10)
    """
    return OnnxDigitClassifier.load(path, n_threads=n_threads)


class OnnxDigitClassifier(OnnxModel, ClassifierMixin, DocLinkMixin, BaseEstimator):
    """A fitted classifier that predicts with an ONNX graph.

    :func:`load_onnx` and :func:`load_pretrained` make it. It can replace the exported pipeline
    wherever only predictions are needed, as in :class:`DigitReader` and
    :func:`skdigits.app.build_app`. It may be called from several threads, pickled, and used after
    a fork.

    Parameters
    ----------
    content : bytes
        The content of the file.
    n_threads : int, default=1
        As in :func:`load_onnx`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, without `reject_label`.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names; only if the exported pipeline was fitted on a frame.
    scale : float or None
        The value of full ink: X must lie in 0 to `scale`. None if the model does not scale.
    threshold_ : float
        Lowest confidence of an accepted answer; only with a :class:`SelectiveClassifier` inside.
    temperature_ : float
        What the logarithms of the probabilities are divided by; only with `threshold_`.
    reject_label : object
        What `predict` returns for rows that are not accepted; None returns the most probable class.
    training_rows_ : ndarray of uint32
        Hashes of the rows it was trained on; only if the exported pipeline knew them.
    versions_ : dict
        Versions of the packages that wrote the file.

    See Also
    --------
    load_onnx : Make it from a file.

    Examples
    --------
    >>> from skdigits import load_pretrained
    >>> classifier = load_pretrained()
    >>> classifier.classes_
    array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    """

    def fit(self, X: Rows, y: Labels) -> NoReturn:
        """Refuse to train: the network in an ONNX file can only answer.

        Parameters
        ----------
        X, y : ignored
            Here as scikit-learn asks of an estimator.

        Raises
        ------
        TypeError
            Always.
        """
        raise TypeError(
            "An ONNX model cannot be trained. Train the pipeline that it was exported from, or "
            "skdigits.load_pretrained(trainable=True). To use this one inside another estimator, "
            "wrap it in sklearn.frozen.FrozenEstimator."
        )

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        return f"{type(self).__name__}(<{len(self.content):,} bytes>, n_threads={self.n_threads})"

    def __sklearn_is_fitted__(self):
        return True
