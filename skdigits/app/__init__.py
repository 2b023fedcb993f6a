"""A page on which a person draws a digit or gives a picture, with Gradio: ``skdigits[demo]``.

The server writes no file but the pictures that are uploaded, and hands out none but those: what it
draws, and the rows to download, travel inside its answers.
"""

from skdigits.app._page import build_app, mount_page

__all__ = ["build_app", "mount_page"]
