"""Builds single .pyx files of our tools in place, with the directives of the package: `build_pyx.py FILE ...`."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

# Neither of the two has types.
setuptools: Any = import_module("setuptools")
build_ext: Any = import_module("setuptools.command.build_ext").build_ext
cythonize: Any = import_module("Cython.Build").cythonize

DIRECTIVES = {
    "language_level": 3,
    "boundscheck": False,
    "wraparound": False,
    "cdivision": True,
    "initializedcheck": False,
    "freethreading_compatible": True,
}


def build(sources: list[Path]) -> None:
    """Compile what is older than its source."""
    extensions = [
        setuptools.Extension(
            ".".join(source.with_suffix("").parts),
            [source.as_posix()],
            include_dirs=["src"],  # headers of the kernels
            extra_compile_args=["-O3", "-g0"],
        )
        for source in sources
    ]
    modules = cythonize(extensions, include_path=["src"], compiler_directives=DIRECTIVES, quiet=True)
    # setup() would take the package's own layout from pyproject.toml and put the result into src.
    command = build_ext(setuptools.Distribution({"ext_modules": modules, "packages": []}))
    command.inplace = True
    command.build_temp = "build/tools"
    command.ensure_finalized()
    command.run()


if __name__ == "__main__":
    build([Path(argument) for argument in sys.argv[1:]])
