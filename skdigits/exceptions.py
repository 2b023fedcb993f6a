"""Warnings and errors of skdigits, each with its own class so that it can be caught or silenced."""


class ImageShapeWarning(UserWarning):
    """The number of columns of X is not a square."""


class PixelRangeWarning(UserWarning):
    """The pixels of X are far from the expected range, so that answers mean nothing."""


class ThreadsWarning(UserWarning):
    """`n_threads` came too late: TensorFlow had already started with another number."""


class CheckpointWarning(UserWarning):
    """A checkpoint could not be read or written; the fit continues without it."""


class WorkerLostError(RuntimeError):
    """Worker processes died again and again, without getting anything done in between."""


class SelectionWarning(UserWarning):
    """The held-out rows are too few, or too badly predicted, to show the target error."""


class UntrustedFileWarning(UserWarning):
    """A joblib file is being loaded, which runs the code it names: only load what you trust."""


class ModelFileError(ValueError):
    """A model file that cannot be used: truncated, from another program, or in another format."""


class PictureError(ValueError):
    """A picture that cannot be opened; the message says why and what to do."""


class PagesWarning(UserWarning):
    """A file has several pages, and only the first was read."""
