"""The G.722 vectors: ours in the repository, all others in the folder of RTPCODEC_VECTORS (unset: none)."""

import array
import os
import sys
from pathlib import Path

OWN = Path(__file__).parent / "data" / "g722"


def shared() -> Path | None:
    """Return the folder of the shared vectors; a folder that is named but missing is an error."""
    root = os.environ.get("RTPCODEC_VECTORS")
    if root is None:
        return None
    folder = Path(root) / "g722"
    if not folder.is_dir():
        raise FileNotFoundError(f"RTPCODEC_VECTORS is {root!r}, but {folder} does not exist")
    return folder


def files(pattern: str) -> list[Path]:
    """Return the files of a pattern under both roots."""
    roots = [OWN] + ([folder] if (folder := shared()) else [])
    return sorted(path for root in roots for path in root.glob(pattern))


def pcm(path: Path) -> bytes:
    """Read a .s16le file as native PCM."""
    samples = array.array("h", path.read_bytes())
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()


def words(path: Path) -> list[int]:
    """Read a file of 16-bit words as signed numbers."""
    return memoryview(pcm(path)).cast("h").tolist()


def label(path: Path) -> str:
    """Return folder and name, for test ids."""
    return f"{path.parent.name}/{path.name}"
