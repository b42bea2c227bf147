"""The wheel's tag: no Python code is compiled, but the libraries are for one platform."""

from pathlib import Path

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.dist import Distribution


class PlatformDistribution(Distribution):
    """A distribution that is installed like compiled modules."""

    def has_ext_modules(self) -> bool:
        """Return True: the files are for one platform."""
        return True


class LibrariesWheel(bdist_wheel):
    """A wheel for every Python 3 of one platform; it is not built without the libraries."""

    def run(self) -> None:
        """Build the wheel. SystemExit: the libraries are missing."""
        if not list(Path("src/rtpcodec_amrwb/_libs").glob("*.so.*")):
            raise SystemExit(
                "rtpcodec-amrwb: src/rtpcodec_amrwb/_libs has no libraries, `make wheel` copies them there"
            )
        super().run()

    def get_tag(self) -> tuple[str, str, str]:
        """Return the tag: Python, ABI, platform."""
        return "py3", "none", super().get_tag()[2]


setup(distclass=PlatformDistribution, cmdclass={"bdist_wheel": LibrariesWheel})
