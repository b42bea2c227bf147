"""The documentation site: Markdown pages by MyST, the API reference by autodoc. `make docs` builds it."""

from __future__ import annotations

import rtpcodec

project = "rtpcodec"
author = "The rtpcodec authors"
copyright = author  # noqa: A001 -- Sphinx reads this name
version = release = rtpcodec.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]

myst_heading_anchors = 4
myst_enable_extensions = ["deflist", "colon_fence"]
nitpicky = False

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_google_docstring = True
napoleon_numpy_docstring = False

html_theme = "furo"
html_title = f"rtpcodec {version}"
