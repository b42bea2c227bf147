"""The extensions and their build switches; everything static is in pyproject.toml.

RTPCODEC_CHECKED=1   bounds, overflow and None checks in Cython code
RTPCODEC_TRACE=1     line tracing for coverage of the Cython code
RTPCODEC_SANITIZE=1  AddressSanitizer and UndefinedBehaviorSanitizer
RTPCODEC_EDITABLE_WITHOUT_EXTENSIONS=1  for make, which compiles the extensions in a step of its own
"""

import os
import sys
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

sys.path.insert(0, str(Path(__file__).parent / "scripts"))
from long_description import long_description
from toolchain import missing_tool


def switched_on(name: str) -> bool:
    """Whether the environment asks for a build switch."""
    return os.environ.get(name, "") not in ("", "0")


CHECKED = switched_on("RTPCODEC_CHECKED")
TRACE = switched_on("RTPCODEC_TRACE")
SANITIZE = switched_on("RTPCODEC_SANITIZE")

DIRECTIVES = {
    "language_level": 3,
    "embedsignature": True,
    "boundscheck": CHECKED,
    "wraparound": False,
    "cdivision": not CHECKED,
    "initializedcheck": CHECKED,
    "overflowcheck": CHECKED,
    "linetrace": TRACE,
    "freethreading_compatible": True,
}
MACROS = [("CYTHON_TRACE", "1"), ("CYTHON_TRACE_NOGIL", "1"), ("CYTHON_USE_SYS_MONITORING", "0")] if TRACE else []
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
ON_LINUX = sys.platform.startswith("linux")
# -U first: distributions define another level, and a second definition is a warning.
HARDENED = ["-fstack-protector-strong", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2"]
# Read-only after loading, with all addresses bound; no symbols. scripts/check_hardening.py holds the result.
LINKED_HARDENED = ["-Wl,-z,relro,-z,now", "-Wl,-z,noexecstack", "-s"] if ON_LINUX else []
COMPILE = ["-O1", "-g", "-fno-omit-frame-pointer", *SANITIZERS] if SANITIZE else ["-O3", "-g0", *HARDENED]
LINK = SANITIZERS if SANITIZE else LINKED_HARDENED

HEADERS = sorted(map(str, Path("src/rtpcodec/kernels").rglob("*.h")))


def extension(source: Path) -> Extension:
    """One extension for one .pyx, named by its place in the package."""
    return Extension(
        ".".join(source.relative_to("src").with_suffix("").parts),
        [source.as_posix()],
        include_dirs=["src"],
        depends=HEADERS,
        define_macros=MACROS,
        extra_compile_args=COMPILE,
        extra_link_args=LINK,
    )


# Before Cython's work, which takes a minute: pip shows this line last. The steps that pip runs before, for requirements
# and metadata, need no extension.
if {"bdist_wheel", "build_ext", "editable_wheel"} & set(sys.argv) and (missing := missing_tool()):
    raise SystemExit(f"rtpcodec: {missing}")

ONLY_METADATA = bool({"egg_info", "dist_info"} & set(sys.argv))
COMPILED_LATER = "editable_wheel" in sys.argv and switched_on("RTPCODEC_EDITABLE_WITHOUT_EXTENSIONS")
sources = [] if ONLY_METADATA or COMPILED_LATER else sorted(Path("src/rtpcodec").rglob("*.pyx"))
setup(
    long_description=long_description(Path("README.md").read_text("utf-8")),
    long_description_content_type="text/markdown",
    ext_modules=sources and cythonize([extension(source) for source in sources], compiler_directives=DIRECTIVES),
    options={"build_ext": {"parallel": os.cpu_count() or 1}},
)
