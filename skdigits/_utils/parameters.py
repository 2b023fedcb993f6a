"""Parameters of an estimator by their own names, however deep they lie."""


def parameters_called(estimator, *names):
    """Those parameters of an estimator and of its parts that have one of these names."""
    params = estimator.get_params()
    return {key: value for key, value in params.items() if key.split("__")[-1] in names}
