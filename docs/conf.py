"""Settings of the documentation.

Built by ``python -m sphinx -W --keep-going -b html docs docs/_build/html``.
"""

import os
import shutil
import sys
import warnings
from pathlib import Path

from sphinx_gallery.sorting import ExplicitOrder

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
import skdigits  # noqa: E402
from skdigits.cli import make_parser  # noqa: E402

project = "skdigits"
author = "skdigits developers"
copyright = author
version = release = skdigits.__version__

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = [
    "_build",
    "generated/options.md",
    "jupyter_execute",
    "auto_examples/**.ipynb",
    "auto_examples/**.py",
]
nitpicky = True
# Links to scikit-learn are looked up in a small inventory here, so that a build needs no network:
# names that pages mention, with the addresses that scikit-learn's own inventory has for them.
intersphinx_mapping = {"sklearn": ("https://scikit-learn.org/stable/", "scikit-learn.inv")}
viewcode_line_numbers = True
# Of other projects' names only those are looked up.
nitpick_ignore_regex = [(r"py:.*", r"(?!skdigits)[\w.]+\.\w+"), (r"py:.*", r"pep|Pipeline|None")]

# -- Docstrings ------------------------------------------------------------------------------------

autosummary_generate = True
autodoc_typehints = "none"
autodoc_default_options = {"members": True, "member-order": "bysource"}
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
# Headings above the first parameter of each group, in an estimator with too many for one list.
PARAMETER_GROUPS = {
    "skdigits.DigitCNNClassifier": {
        "architecture": "The network",
        "optimizer": "Training",
        "augmentation": "Distorted views, in training and in predicting",
        "early_stopping": "Validation and the best epoch",
        "class_weight": "Labels, and what is no digit",
        "image_shape": "Running",
    }
}


def group_parameters(app, what, name, obj, options, lines):
    """Put headings between the parameters, in what numpydoc has made of the docstring."""
    for parameter, heading in PARAMETER_GROUPS.get(name, {}).items():
        (at,) = (i for i, line in enumerate(lines) if line.startswith(f"    **{parameter}** :"))
        lines[at:at] = [f"    .. rubric:: {heading}", ""]


def setup(app):
    app.connect("autodoc-process-docstring", group_parameters, priority=900)  # after numpydoc


copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# -- Pages in Markdown -----------------------------------------------------------------------------

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist"]
suppress_warnings = ["config.cache"]  # the gallery's settings hold an order

# The notebook of the course is a page. It runs where it is published, with RUN_NOTEBOOK=1; that
# takes a few minutes, and elsewhere a test runs it.
shutil.copy(ROOT / "examples" / "mnist_kaggle.ipynb", Path(__file__).parent / "notebook.ipynb")
nb_execution_mode = "force" if os.environ.get("RUN_NOTEBOOK") else "off"
nb_execution_in_temp = nb_execution_raise_on_error = True
nb_execution_timeout = 600
nb_output_stderr = "remove"  # bars

# -- Options of the command line -------------------------------------------------------------------


def write_options(path):
    """Write what each command's ``--help`` says."""
    os.environ["COLUMNS"] = "90"
    (commands,) = (a.choices for a in make_parser()._actions if isinstance(a.choices, dict))
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        "\n".join(
            f"### {name}\n\n```text\n{parser.format_help()}```\n"
            for name, parser in commands.items()
        )
    )


write_options(Path(__file__).parent / "generated" / "options.md")

# -- Gallery ---------------------------------------------------------------------------------------

GROUPS = ["start", "pictures", "trust", "training", "deploying", "programs"]

warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/plot_",
    "ignore_pattern": r"^(?!.*plot_)",
    "subsection_order": ExplicitOrder([f"../examples/{group}" for group in GROUPS]),
    "nested_sections": False,
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("skdigits",),
    "capture_repr": ("_repr_html_",),
    "download_all_examples": False,
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
