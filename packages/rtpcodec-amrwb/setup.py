"""The wheel's tag: no Python code is compiled, but the libraries are of one platform."""

from pathlib import Path

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.dist import Distribution


class PlatformDistribution(Distribution):
    """Goes where compiled modules go."""

    def has_ext_modules(self) -> bool:
        """Whether the files are of one platform."""
        return True


class LibrariesWheel(bdist_wheel):
    """A wheel for every Python 3 of one platform; none without the libraries."""

    def run(self) -> None:
        """Build it. SystemExit: the libraries are not there."""
        if not list(Path("src/rtpcodec_amrwb/_libs").glob("*.so.*")):
            raise SystemExit("rtpcodec-amrwb: no libraries in src/rtpcodec_amrwb/_libs, `make wheel` puts them there")
        super().run()

    def get_tag(self) -> tuple[str, str, str]:
        """The tag: Python, ABI, platform."""
        return "py3", "none", super().get_tag()[2]


setup(distclass=PlatformDistribution, cmdclass={"bdist_wheel": LibrariesWheel})
