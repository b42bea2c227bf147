"""The documentation site: Markdown pages by MyST, the API reference by autodoc. `make docs` builds it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import rtpcodec

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))
# Sphinx would read a stub in place of the compiled module; `stub_signatures` needs both.
os.environ["SPHINX_AUTODOC_IGNORE_NATIVE_MODULE_TYPE_STUBS"] = "1"

project = "rtpcodec"
author = "The rtpcodec authors"
copyright = author  # noqa: A001 -- Sphinx reads this name
version = release = rtpcodec.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "stub_signatures"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "_extensions"]

myst_heading_anchors = 4
myst_enable_extensions = ["deflist", "colon_fence"]
nitpicky = False

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_mock_imports = ["livekit", "loguru", "pipecat"]
# Members of a private base are shown with the class, those of a public one are not.
_PUBLIC_BASES = "CallEvent SipCallEvent WebhookEvent RtpcodecError CommandError CommandProblem WebhookError FileError"
_BASES = "object BaseException Value Live Protocol Coroutine dict tuple str int logging.Formatter " + _PUBLIC_BASES
autodoc_default_options = {
    "members": True,
    "undoc-members": True,
    "inherited-members": ",".join(_BASES.split()),
}
napoleon_google_docstring = True
napoleon_numpy_docstring = False

html_theme = "furo"
html_title = f"rtpcodec {version}"
