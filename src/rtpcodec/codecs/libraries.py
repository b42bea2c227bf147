"""Third-party shared libraries of codecs: the search for them, and its results.

A library is opened when its codec's first encoder or decoder is made. It stays open until the process ends, and the
whole process uses the first copy that was found.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from rtpcodec.codecs._dynamic import SharedLibrary
from rtpcodec.codecs.library_file import ForeignLibrary, loader_copies, require_loadable
from rtpcodec.errors import MissingLibrary

VARIABLE = "RTPCODEC_LIBRARY_PATH"
"""An environment variable with folders that are searched first, separated as in PATH."""
BUNDLED = Path(__file__).parents[1] / "_libs"
"""The folder for the libraries in a wheel of this package."""

_open: dict[str, SharedLibrary] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class CodecLibrary:
    """One shared library: its codec, the names of its files, and the packages that contain it."""

    codec: str
    name: str
    major: int
    """The version of its binary interface, a part of the file's name."""
    debian_package: str
    probe_function: str
    """A function that every version has; its address shows which file was opened."""
    functions: tuple[str, ...] = ()
    """The other functions that the codec calls."""
    data_package: str | None = None
    """An importable package whose folder `_libs` contains it."""
    version_function: str | None = None
    """A function that returns the version as text."""

    @property
    def file_names(self) -> tuple[str, ...]:
        """The names of its file on this system, the usual one first."""
        if sys.platform == "darwin":
            return f"{self.name}.{self.major}.dylib", f"{self.name}.dylib"
        return (f"{self.name}.so.{self.major}",)

    @property
    def installed_by(self) -> str:
        """The command that installs it."""
        by_pip = f", or pip install {self.data_package.replace('_', '-')}" if self.data_package else ""
        return f"apt install {self.debian_package} (Debian, Ubuntu){by_pip}"

    def open(self) -> SharedLibrary:
        """Return the library, opened at the first call. MissingLibrary names the package to install."""
        found = _open.get(self.name)
        if found is None:
            found = _open.setdefault(self.name, self._find())  # all threads share the first one
        return found

    def status(self) -> LibraryStatus:
        """Open the library, and report whether it can be used on this system."""
        try:
            found = self.open()
        except MissingLibrary as missing:
            return LibraryStatus(self.name, None, None, str(missing))
        return LibraryStatus(self.name, self._version_of(found), found.path, None)

    def _find(self) -> SharedLibrary:
        for folder, of_package in self._folders():
            for name in self.file_names:
                path = folder / name
                if os.path.lexists(path):  # False where Path.exists raises: a folder without permission
                    return self._opened([path], [path], of_package)
        # Bare names last: once a copy is open by its path, the loader returns the same copy for its bare name.
        return self._opened(self.file_names, [copy for name in self.file_names for copy in loader_copies(name)], False)

    def _folders(self) -> Iterator[tuple[Path, bool]]:
        """Yield absolute paths, as the loader searches other folders for a bare name; and if a package has them."""
        yield from (
            (Path(folder).absolute(), False) for folder in os.environ.get(VARIABLE, "").split(os.pathsep) if folder
        )
        yield BUNDLED, True
        package = find_spec(self.data_package) if self.data_package else None
        for folder in (package and package.submodule_search_locations) or ():
            yield Path(folder).absolute() / "_libs", True

    def _opened(self, names: Sequence[Path | str], files: list[Path], of_package: bool) -> SharedLibrary:
        """Return the first of the names that opens, after a check of the files that the loader could choose.

        A broken file is reported and not skipped: skipping would hide which copy runs.
        """
        reasons = []
        for file in files:
            try:
                require_loadable(file, of_package=of_package)
            except ForeignLibrary as error:
                if file in names:
                    reasons.append(str(error))
            except OSError as error:
                reasons.append(str(error))
        for name in () if reasons else names:
            try:
                return SharedLibrary(name, (self.probe_function, *self.functions), self.version_function)
            except OSError as error:
                reasons.append(str(error))
        raise MissingLibrary(self.codec, self.name, self.installed_by, VARIABLE, "; ".join(reasons))

    def _version_of(self, found: SharedLibrary) -> str:
        """Return the version that the library reports, or else the one in its file's name."""
        if found.version is not None:
            return found.version.removeprefix(f"{self.name} ")
        return Path(found.path).resolve().name.removeprefix(f"{self.name}.").removeprefix("so.").removesuffix(".dylib")


@dataclass(frozen=True, slots=True)
class LibraryStatus:
    """The state of a library on this system: its `path`, or the `error` why it cannot be used."""

    name: str
    version: str | None
    path: str | None
    error: str | None


OPUS = CodecLibrary(
    codec="OPUS",
    name="libopus",
    major=0,
    debian_package="libopus0",
    probe_function="opus_decode",
    functions=(
        "opus_encoder_get_size",
        "opus_encoder_init",
        "opus_encoder_ctl",
        "opus_encode",
        "opus_decoder_get_size",
        "opus_decoder_init",
        "opus_decoder_ctl",
        "opus_packet_get_nb_samples",
        "opus_strerror",
    ),
    version_function="opus_get_version_string",
)
AMRWB_DECODER = CodecLibrary(
    codec="AMR-WB",
    name="libopencore-amrwb",
    major=0,
    debian_package="libopencore-amrwb0",
    probe_function="D_IF_decode",
    functions=("D_IF_init", "D_IF_exit"),
    data_package="rtpcodec_amrwb",
)
AMRWB_ENCODER = CodecLibrary(
    codec="AMR-WB",
    name="libvo-amrwbenc",
    major=0,
    debian_package="libvo-amrwbenc0",
    probe_function="E_IF_encode",
    functions=("E_IF_init", "E_IF_exit"),
    data_package="rtpcodec_amrwb",
)
