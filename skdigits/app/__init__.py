"""A page to draw a digit or upload a picture, made with Gradio: ``skdigits[demo]``.

The server writes and serves no files except uploaded pictures: everything that it draws, and the
rows to download, is embedded in its responses.
"""

from skdigits.app._page import build_app, mount_page

__all__ = ["build_app", "mount_page"]
