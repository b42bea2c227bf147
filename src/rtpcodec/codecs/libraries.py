"""The shared libraries of codecs that are not ours: where they are looked for, and what was found.

Nothing is opened before a codec's first encoder or decoder is made. A library stays open until the process ends, and
the first copy that was found serves all of it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from rtpcodec.codecs._dynamic import SharedLibrary
from rtpcodec.errors import MissingLibrary

VARIABLE = "RTPCODEC_LIBRARY_PATH"
"""Names folders that are looked in first, separated like those of PATH."""
BUNDLED = Path(__file__).parents[1] / "_libs"
"""Where a wheel of this package carries libraries."""

_open: dict[str, SharedLibrary] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class CodecLibrary:
    """One shared library: what needs it, how its files are named, and which packages bring it."""

    codec: str
    name: str
    major: int
    """The version of its binary interface, a part of the file's name."""
    debian_package: str
    witness: str
    """A function that every version of it has."""
    data_package: str | None = None
    """An importable package whose folder `_libs` carries it."""
    version_function: str | None = None
    """A function that tells the version as text."""

    @property
    def file_names(self) -> tuple[str, ...]:
        """The names of its file on this system, the usual one first."""
        if sys.platform == "darwin":
            return f"{self.name}.{self.major}.dylib", f"{self.name}.dylib"
        return (f"{self.name}.so.{self.major}",)

    @property
    def installed_by(self) -> str:
        """What to type."""
        by_pip = f", or pip install {self.data_package.replace('_', '-')}" if self.data_package else ""
        return f"apt install {self.debian_package} (Debian, Ubuntu){by_pip}"

    def open(self) -> SharedLibrary:
        """The library, opened at the first call. MissingLibrary says what to install."""
        found = _open.get(self.name)
        if found is None:
            found = _open[self.name] = self._find()
        return found

    def status(self) -> LibraryStatus:
        """Whether it can be used here; opens it."""
        try:
            found = self.open()
        except MissingLibrary as missing:
            return LibraryStatus(self.name, None, None, str(missing))
        return LibraryStatus(self.name, self._version_of(found), found.path, None)

    def _find(self) -> SharedLibrary:
        for folder in self._folders():
            for name in self.file_names:
                path = folder / name
                if os.path.isfile(path):  # noqa: PTH113 -- False where Path.is_file raises: a folder without permission
                    return self._opened([path])
        # Bare names last: once a copy is open by its path, the loader gives that copy for its bare name as well.
        return self._opened(self.file_names)

    def _folders(self) -> Iterator[Path]:
        """Absolute paths: the loader would look for a bare name in places of its own."""
        yield from (Path(folder).absolute() for folder in os.environ.get(VARIABLE, "").split(os.pathsep) if folder)
        yield BUNDLED
        package = find_spec(self.data_package) if self.data_package else None
        for folder in (package and package.submodule_search_locations) or ():
            yield Path(folder).absolute() / "_libs"

    def _opened(self, names: list[Path] | tuple[str, ...]) -> SharedLibrary:
        """The first of the names that opens. A file that is there and broken is told, not passed over."""
        reasons = []
        for name in names:
            try:
                return SharedLibrary(name, self.witness)
            except OSError as error:
                reasons.append(str(error))
        raise MissingLibrary(self.codec, self.name, self.installed_by, VARIABLE, "; ".join(reasons))

    def _version_of(self, found: SharedLibrary) -> str:
        """What the library says of itself, or else the version in its file's name."""
        if self.version_function is not None:
            return found.text(self.version_function).removeprefix(f"{self.name} ")
        return Path(found.path).resolve().name.removeprefix(f"{self.name}.").removeprefix("so.").removesuffix(".dylib")


@dataclass(frozen=True, slots=True)
class LibraryStatus:
    """What is known of a library on this system: `path` where it was found, or `error` why it cannot be used."""

    name: str
    version: str | None
    path: str | None
    error: str | None


OPUS = CodecLibrary(
    codec="OPUS",
    name="libopus",
    major=0,
    debian_package="libopus0",
    witness="opus_decode",
    version_function="opus_get_version_string",
)
AMRWB_DECODER = CodecLibrary(
    codec="AMR-WB",
    name="libopencore-amrwb",
    major=0,
    debian_package="libopencore-amrwb0",
    witness="D_IF_decode",
    data_package="rtpcodec_amrwb",
)
AMRWB_ENCODER = CodecLibrary(
    codec="AMR-WB",
    name="libvo-amrwbenc",
    major=0,
    debian_package="libvo-amrwbenc0",
    witness="E_IF_encode",
    data_package="rtpcodec_amrwb",
)
