"""The option ``--model``, and the model that it names."""


def add_model_option(parser, default="the weights that come with skdigits"):
    """Add ``--model``; `default` is what the help says about leaving it out."""
    parser.add_argument(
        "--model",
        metavar="FILE",
        help="a fitted pipeline, as written by skdigits train or skdigits.save_pipeline, or an "
        ".onnx file; a .joblib file can run code, so give only one that you trust (default: "
        f"{default})",
    )


def load_model(path=None, *, trainable=True):
    """Load a model from a file, or the one that ships with the package.

    Parameters
    ----------
    path : str or path-like, default=None
        A file of :func:`skdigits.save_pipeline` or :func:`skdigits.export_onnx`. None loads the
        weights that ship.
    trainable : bool, default=True
        False takes these in the form that starts without TensorFlow.

    Returns
    -------
    model : classifier
        With `predict_proba` and `classes_`.
    """
    from skdigits import load_pipeline, load_pretrained

    return load_pretrained(trainable=trainable) if path is None else load_pipeline(path)


def load_light_model(path=None):
    """Load a model to read with: without scikit-learn, where onnxruntime can compute it.

    Parameters
    ----------
    path : str or path-like, default=None
        As in :func:`load_model`.

    Returns
    -------
    model : classifier
        With `predict_proba` and `classes_`.
    """
    from skdigits._runtime.model import OnnxModel, load_shipped

    if path is None:
        return load_shipped()
    return OnnxModel.load(path) if str(path).lower().endswith(".onnx") else load_model(path)
