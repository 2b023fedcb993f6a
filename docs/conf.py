"""Settings of the documentation.

Built by ``python -m sphinx -W --keep-going -b html docs docs/_build/html``.
"""

import os
import sys
import warnings
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
import skdigits  # noqa: E402

project = "skdigits"
author = "skdigits developers"
copyright = author
version = release = skdigits.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "auto_examples/**.ipynb", "auto_examples/**.py"]
nitpicky = True
# Other projects' pages are not at hand offline, so only names of skdigits are looked up.
nitpick_ignore_regex = [(r"py:.*", r"(?!skdigits)[\w.]+\.\w+"), (r"py:.*", r"pep|Pipeline|None")]

# -- Docstrings ------------------------------------------------------------------------------------

autosummary_generate = True
autodoc_typehints = "none"
autodoc_default_options = {"members": True, "member-order": "bysource"}
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# -- Pages in Markdown -----------------------------------------------------------------------------

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist"]
suppress_warnings = ["config.cache"]  # the gallery's settings hold a class

# -- Gallery ---------------------------------------------------------------------------------------


class InOrder:
    """The scripts in the order in which a newcomer reads them; any other comes after, by name."""

    FIRST = [
        "plot_quick_start.py",
        "plot_submission.py",
        "plot_own_pictures.py",
        "plot_mnist_rule.py",
        "plot_augmentation.py",
        "plot_grid_search.py",
        "plot_ensemble.py",
        "plot_reject_option.py",
        "plot_attribution.py",
        "plot_save_and_serve.py",
        "plot_scale_out.py",
    ]

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, name):
        at = self.FIRST.index(name) if name in self.FIRST else len(self.FIRST)
        return (at, not name.startswith("plot_"), name)


warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/plot_",
    "ignore_pattern": r"mnist_kaggle\.py|__init__\.py",
    "within_subsection_order": InOrder,
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("skdigits",),
    "capture_repr": ("_repr_html_",),
    "download_all_examples": False,
    "default_thumb_file": str(ROOT / "docs" / "_static" / "terminal.svg"),
    "show_memory": False,
    "write_computation_times": False,
    "show_signature": False,
    "abort_on_example_error": False,
}

# "compact" is Python, and `fit` is code.
smartquotes = False
default_role = "literal"

# -- Look ------------------------------------------------------------------------------------------

html_theme = "pydata_sphinx_theme"
html_title = f"skdigits {release}"
html_static_path = ["_static"]
html_css_files = ["skdigits.css"]
html_show_sourcelink = False
html_copy_source = False
html_favicon = _LOGO = "_static/logo.svg"
html_theme_options = {
    "logo": {"text": f"skdigits {release}", "image_light": _LOGO, "image_dark": _LOGO},
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "header_links_before_dropdown": 6,
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {page: [] for page in ["install", "tour", "api", "how_it_works", "faq"]}
