"""Warnings and errors of skdigits, each of its own class so that it can be caught or silenced."""


class ImageShapeWarning(UserWarning):
    """The columns of X make no square image."""


class PixelRangeWarning(UserWarning):
    """The pixels of X have another range than is expected, so that answers mean nothing."""


class ThreadsWarning(UserWarning):
    """`n_threads` came too late: TensorFlow had already started with another number."""


class CheckpointWarning(UserWarning):
    """A checkpoint could not be read or written; the fit goes on without it."""


class WorkerLostError(RuntimeError):
    """Worker processes died again and again, and nothing new was done in between."""


class SelectionWarning(UserWarning):
    """The held-out rows are too few, or too badly predicted, for the wanted error."""


class UntrustedFileWarning(UserWarning):
    """A joblib file is loaded, which runs the code that it names: only load what you trust."""


class ModelFileError(ValueError):
    """A model file that cannot be used: cut off, foreign, or of another format."""


class PictureError(ValueError):
    """A picture that cannot be opened; the message says why and what to do."""


class PagesWarning(UserWarning):
    """A file has several pages, and only the first was read."""
