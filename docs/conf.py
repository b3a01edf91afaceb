"""Build the site from this folder's pages, the notebooks with outputs, and public docstrings.

The site documents the installed jobgroup. The build needs no network, so names of other libraries
are not links. It runs the notebooks with groups in a temporary directory.
"""

from __future__ import annotations

import os
import tempfile
from typing import Final

from docutils.nodes import Element, TextElement
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

import jobgroup
from jobgroup import errors

project = "jobgroup"
author = "the authors of jobgroup"
copyright = author  # noqa: A001  # Sphinx' name for it
version = release = jobgroup.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.githubpages",  # otherwise GitHub omits folders that begin with _
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
]

# Pages use only the Markdown that a code host shows in the same way.
myst_enable_extensions = ["colon_fence", "attrs_block"]
myst_heading_anchors = 3
suppress_warnings = [
    "myst.header",  # a page from the README begins below its title
    "mystnb.unknown_mime_type",  # a group's output has a type for JupyterLab's extension too
]
copybutton_exclude = ".linenos, .gp, .go"

# Notebooks run in this environment, and their widgets show the same as in a saved notebook.
os.environ["JOBGROUP_DATA_DIR"] = tempfile.mkdtemp(prefix="jobgroup-docs-")
nb_execution_mode = "cache"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_ipywidgets_js: dict[str, dict[str, str]] = {}  # these scripts would come from the network
nb_mime_priority_overrides = [("html", "text/html", 1)]  # hides progress bars
nb_output_stderr = "remove"

# Signatures have the types of arguments, and the text below them has their meaning.
default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autoclass_content = "class"
python_use_unqualified_type_names = True
python_display_short_literal_types = True
python_maximum_signature_line_length = 80
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
toc_object_entries_show_parents = "hide"

# An unknown name of jobgroup is an error. Names of other libraries have no page here.
nitpicky = True
nitpick_ignore_regex = [(r"py:.*", r"(?!jobgroup\.).*"), (r"py:class", r".*\.T")]

html_theme = "furo"
html_title = "jobgroup"
html_static_path = ["_static"]
html_css_files = ["style.css"]
html_favicon = "_static/mark.svg"
html_logo = "_static/mark.svg"
html_show_copyright = False
html_show_sphinx = False
html_copy_source = False
html_theme_options = {
    "navigation_with_keys": True,
    "light_css_variables": {  # the dashboard's blue
        "color-brand-primary": "#0b57b7",
        "color-brand-content": "#0b57b7",
        "color-brand-visited": "#0b57b7",
        "color-code-background": "#f5f7fa",
    },
    "dark_css_variables": {
        "color-brand-primary": "#73b1ff",
        "color-brand-content": "#73b1ff",
        "color-brand-visited": "#73b1ff",
        "color-code-background": "#1a1d23",
    },
}
pygments_style = "friendly"
pygments_dark_style = "github-dark"

OUTSIDE: Final = {
    "../README.md#nothing-lost-nothing-paid-twice": "promises.md",
    "../README.md": "quickstart.md",
    "../CONTRIBUTING.md": "contributing.md",
    "../CHANGELOG.md": "changelog.md",
    "../SECURITY.md": "security.md",
}
"""Links to files above this folder, and the site's pages that include these files."""


def setup(app: Sphinx) -> None:
    """Connect the functions that change pages during reading."""
    app.connect("source-read", write_out)
    app.connect("autodoc-process-docstring", leave_sentences_whole, priority=400)
    app.connect("missing-reference", at_its_public_name)


def write_out(_app: Sphinx, _docname: str, source: list[str]) -> None:
    """Point links that leave this folder to pages of the site, and insert the list of errors."""
    for path, page in OUTSIDE.items():
        source[0] = source[0].replace(f"]({path}", f"]({page}")
    source[0] = source[0].replace("<!-- errors -->", every_error())


def leave_sentences_whole(
    _app: Sphinx, kind: str, _name: str, _thing: object, _options: object, lines: list[str]
) -> None:
    """Keep napoleon from reading "A noun: its kinds" in a property as a type and a meaning."""
    if kind in {"property", "attribute", "data"}:
        lines.insert(0, "\\")  # an escaped line break, which renders as nothing


def every_error() -> str:
    """Return directives for the exceptions of the package, parents before children."""
    names = [name for name in vars(errors) if name in jobgroup.__all__]
    directives = [f".. autoexception:: jobgroup.{name}\n   :show-inheritance:\n" for name in names]
    return "```{eval-rst}\n" + "\n".join(directives) + "```\n"


def at_its_public_name(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: TextElement
) -> Element | None:
    """Resolve a name that annotations take from a private module to its documented name."""
    target = node.get("reftarget", "")
    if node.get("refdomain") != "py" or not target.startswith("jobgroup."):
        return None
    python = env.domains.python_domain
    last = "." + target.rpartition(".")[2]
    for name in python.objects:
        if name.startswith("jobgroup.") and name.endswith(last):
            kind, page = node["reftype"], node["refdoc"]
            return python.resolve_xref(env, page, app.builder, kind, name, node, content)
    return None
