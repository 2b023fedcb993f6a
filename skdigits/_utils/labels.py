"""Labels as users give them, and as they are shown."""


def plain_labels(y):
    """Convert labels of pandas' nullable and Arrow types to NumPy; return others unchanged.

    scikit-learn would turn integers and booleans among them into floats.

    Parameters
    ----------
    y : array-like
        Labels.

    Returns
    -------
    y : array-like

    Raises
    ------
    ValueError
        If any of them is missing.
    """
    is_masked = hasattr(y, "isna") and hasattr(getattr(y, "dtype", None), "numpy_dtype")
    if not is_masked:
        return y
    n_missing = int(y.isna().sum())
    if n_missing:
        raise ValueError(
            f"y has {n_missing} missing labels (NA). Drop these rows: X[y.notna()] and "
            "y[y.notna()]."
        )
    return y.to_numpy(dtype=y.dtype.numpy_dtype)


def label_text(label):
    """A label as it is shown: 7.0 as "7".

    Parameters
    ----------
    label : object

    Returns
    -------
    text : str
    """
    value = label.item() if hasattr(label, "item") else label
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)
