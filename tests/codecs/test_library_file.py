"""Files that are not the library of their name: each is refused with path and rule, without a crash."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import rtpcodec
from rtpcodec.codecs import CodecInfo, library_file
from rtpcodec.codecs.libraries import AMRWB_DECODER, AMRWB_ENCODER, OPUS, VARIABLE, CodecLibrary

SOURCES = Path(rtpcodec.__file__).parent / "codecs"
STATUS = """
import json, os, sys
from pathlib import Path
from rtpcodec.codecs import libraries
bundled, found = sys.argv[1] == "bundled", []
for folder in sys.argv[2:] or [""]:
    if bundled:
        libraries.BUNDLED = Path(folder)
    else:
        os.environ[libraries.VARIABLE] = folder
    libraries._open.clear()
    status = libraries.OPUS.status()
    found.append([status.path, status.error or "", status.version])
print(json.dumps(found))
"""
TRUNCATE = """
import os, sys
from pathlib import Path
from rtpcodec.codecs.libraries import OPUS
whole, target = Path(sys.argv[1]).read_bytes(), Path(sys.argv[2])
for cut in map(int, sys.argv[3].split()):
    target.write_bytes(whole[:cut])
    error = OPUS.status().error
    assert error is not None and str(target) in error, (cut, error)
target.write_bytes(whole)
assert OPUS.status().path == str(target), OPUS.status().error
print("whole")
"""


Status = tuple[str | None, str, str | None]
"""Path, error and version."""


def statuses(*arguments: str, **environment: str) -> list[Status]:
    """Return the results of a new process, one by one; it has a minute."""
    done = subprocess.run(
        [sys.executable, "-c", STATUS, *arguments],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {VARIABLE: ""} | environment,
        timeout=60,
    )
    return [(path, error, version) for path, error, version in json.loads(done.stdout)]


def named(*folders: Path) -> list[Status]:
    """Search for libopus in each of the folders, named by RTPCODEC_LIBRARY_PATH."""
    return statuses("named", *map(str, folders))


def by_loader(*folders: Path) -> Status:
    """Search for libopus by its bare name, with these folders first in the loader's path."""
    return statuses("named", LD_LIBRARY_PATH=os.pathsep.join(map(str, folders)))[0]


def bundled(folder: Path) -> Status:
    """Search for libopus in a folder of the package."""
    return statuses("bundled", str(folder))[0]


@pytest.fixture
def whole(opus: CodecInfo) -> Path:
    """Return the file of libopus on this system."""
    path = opus.libraries[0].status().path
    assert path is not None
    return Path(path).resolve()


@pytest.fixture
def compiled(tmp_path: Path) -> Callable[[str], Path]:
    """Compile C to a file with the name of libopus, in its own folder."""

    def compile_(source: str, *options: str) -> Path:
        target = tmp_path / "built" / OPUS.file_names[0]
        target.parent.mkdir(exist_ok=True)
        command = [os.environ.get("CC", "gcc"), "-shared", "-fPIC", "-x", "c", "-", "-o", str(target), *options]
        subprocess.run(command, input=source, text=True, check=True, capture_output=True)
        return target

    return compile_


def boundaries(content: bytes) -> set[int]:
    """Return start and end of each segment (ELF of 64 bits, little-endian), and one octet less and more."""
    at, octets, count = (*struct.unpack_from("<Q", content, 32), *struct.unpack_from("<HH", content, 54))
    found = {at, at + octets * count, 64}
    for number in range(count):
        offset, size = (struct.unpack_from("<Q", content, at + octets * number + member)[0] for member in (8, 32))
        found |= {offset, offset + size}
    return {place + step for place in found for step in (-1, 0, 1) if 0 <= place + step < len(content)}


def test_a_truncated_library_is_refused_at_every_cut(tmp_path: Path, whole: Path) -> None:
    content = whole.read_bytes()
    cuts = {len(content) * part // 200 for part in range(200)} | {len(content) - 1}
    if content[4:6] == b"\2\1":
        cuts |= boundaries(content)
    target = tmp_path / OPUS.file_names[0]
    done = subprocess.run(
        [sys.executable, "-c", TRUNCATE, str(whole), str(target), " ".join(map(str, sorted(cuts)))],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {VARIABLE: str(tmp_path)},
    )
    assert (done.returncode, done.stdout) == (0, "whole\n"), done.stderr


def test_a_broken_file_is_refused_wherever_it_lies(tmp_path: Path, whole: Path) -> None:
    """A file that ends in zeros results from a full disk after its length was reserved."""
    content = whole.read_bytes()
    cut, zeros = (tmp_path / place / OPUS.file_names[0] for place in ("cut", "zeros"))
    for path, broken in (cut, content[:4096]), (zeros, content[: len(content) // 2].ljust(len(content), b"\0")):
        path.parent.mkdir()
        path.write_bytes(broken)
    found = [*named(cut.parent, zeros.parent), by_loader(cut.parent, zeros.parent)]
    assert [path for path, _, _ in found] == [None] * 3
    truncated = rf"{re.escape(str(cut))}: is truncated: it has 4096 octets, its section headers end at \d+"
    without = rf"{re.escape(str(zeros))}: has no dynamic segment with symbols"
    for (_, error, _), expected in zip(found, (truncated, without, f"{truncated}; {without}"), strict=True):
        assert re.match(f"OPUS needs libopus: {expected}; apt install libopus0 ", error)


def test_a_library_for_another_machine_is_refused_by_path_and_skipped_by_the_loader(
    tmp_path: Path, whole: Path
) -> None:
    content = bytearray(whole.read_bytes())
    content[18:20] = struct.pack("=H", 43)  # SPARC V9
    target = tmp_path / OPUS.file_names[0]
    target.write_bytes(content)
    ((path, error, _),) = named(tmp_path)
    assert path is None
    expected = rf"{re.escape(str(target))}: is for another machine, .*e_machine (2b00|002b); .* is needed"
    assert re.search(expected, error)
    assert by_loader(tmp_path)[0] not in (None, str(target))


def dangling(path: Path) -> str:
    path.symlink_to("libopus.so.0.9.9")
    return "is a link to libopus.so.0.9.9, which cannot be opened: No such file or directory"


def looping(path: Path) -> str:
    path.symlink_to(path.name)
    return f"is a link to {path.name}, which cannot be opened: Too many levels of symbolic links"


def fifo(path: Path) -> str:
    os.mkfifo(path)
    return "is a FIFO, a regular file is needed"


def folder(path: Path) -> str:
    path.mkdir()
    return "is a folder, a regular file is needed"


def device(path: Path) -> str:
    path.symlink_to("/dev/zero")
    return "is a device, a regular file is needed"


def unix_socket(path: Path) -> str:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))
    return "is a socket, a regular file is needed"


def program(path: Path) -> str:
    shutil.copy(os.path.realpath("/bin/true"), path)
    content = bytearray(path.read_bytes())
    content[16:18] = struct.pack("=H", 2)
    path.write_bytes(content)
    return "is of ELF type 2, a shared library has 3"


def script(path: Path) -> str:
    path.write_text("/* GNU ld script */ INPUT(libopus.so.0.8.0)\n")
    return "is not an ELF file, it begins with 2f 2a 20 47"


def test_a_name_that_is_not_a_library_is_refused_without_waiting(tmp_path: Path) -> None:
    expected = []
    for make in dangling, looping, fifo, folder, device, unix_socket, program, script:
        target = tmp_path / make.__name__ / OPUS.file_names[0]
        target.parent.mkdir()
        expected.append(f"{target}: {make(target)}")
    folders = [tmp_path / line.split("/")[-2] for line in (text.partition(":")[0] for text in expected)]
    for (path, error, _), rule in zip(named(*folders), expected, strict=True):
        assert path is None
        assert error.startswith(f"OPUS needs libopus: {rule}; apt install")
    assert by_loader(*folders)[1].startswith(f"OPUS needs libopus: {'; '.join(expected)}; apt install")


def test_a_library_that_every_user_can_write_is_refused(tmp_path: Path, whole: Path) -> None:
    copies = {name: tmp_path / name / OPUS.file_names[0] for name in ("file", "folder", "sticky", "real", "link")}
    for name, target in copies.items():
        target.parent.mkdir()
        if name == "link":
            target.symlink_to(copies["real"])
        else:
            shutil.copy(whole, target)
    places = {
        "file": (copies["file"], 0o666),
        "folder": (copies["folder"].parent, 0o777),
        "sticky": (copies["sticky"].parent, 0o1777),
        "link": (copies["real"].parent, 0o777),
    }
    for place, mode in places.values():
        place.chmod(mode)
    folders = [copies[name].parent for name in places]
    expected = [
        f"{copies[name]}: every user can write to {place}, which has mode {mode:04o}"
        for name, (place, mode) in places.items()
    ]
    for (path, error, _), rule in zip(named(*folders), expected, strict=True):
        assert path is None
        assert error.startswith(f"OPUS needs libopus: {rule}; apt install")
    assert by_loader(*folders)[1].startswith(f"OPUS needs libopus: {'; '.join(expected)}; apt install")
    for place, _ in places.values():
        place.chmod(0o755)
    copies["file"].chmod(0o644)
    assert [path for path, _, _ in named(*folders)] == [str(folder / OPUS.file_names[0]) for folder in folders]


FUNCTIONS = "".join(f"int {name}() {{ return 0; }}\n" for name in (OPUS.probe_function, *OPUS.functions))


def test_a_library_without_one_of_the_functions_is_refused(compiled: Callable[..., Path], tmp_path: Path) -> None:
    built = compiled(FUNCTIONS + 'const char* opus_get_version_string() { return "libopus 7.8"; }')
    content = built.read_bytes()
    functions = (OPUS.probe_function, *OPUS.functions, "opus_get_version_string")
    for function in functions:
        lacking = tmp_path / function / built.name
        lacking.parent.mkdir()
        lacking.write_bytes(content.replace(b"\0%s\0" % function.encode(), b"\0%s\0" % function.upper().encode()))
    found = named(built.parent, *(tmp_path / function for function in functions))
    assert found[0] == (str(built), "", "7.8")
    for (path, error, version), function in zip(found[1:], functions, strict=True):
        assert (path, version) == (None, None)
        assert f"OPUS needs libopus: {tmp_path / function / built.name} has no {function}; " in error


def test_a_version_that_is_null_or_not_utf_8_crashes_nothing(compiled: Callable[..., Path]) -> None:
    built = compiled(FUNCTIONS + "const char* opus_get_version_string() { return 0; }")
    ((path, error, _),) = named(built.parent)
    assert path is None
    assert f"{built}: opus_get_version_string returned NULL, a text is needed" in error
    built = compiled(FUNCTIONS + r'const char* opus_get_version_string() { return "libopus \xff"; }')
    assert named(built.parent)[0][2] == "�"


def test_a_library_without_sections_or_with_what_it_needs_missing(
    compiled: Callable[..., Path], tmp_path: Path
) -> None:
    text = FUNCTIONS + 'const char* opus_get_version_string() { return "7.8"; }'
    built = compiled(text)
    content = bytearray(built.read_bytes())
    if content[4] == 2:
        content[40:48], content[58:64] = bytes(8), bytes(6)  # e_shoff; e_shentsize, e_shnum, e_shstrndx
        built.write_bytes(content)
        assert named(built.parent)[0][2] == "7.8"
    other = tmp_path / "libneeded.so"
    shutil.copy(built, other)
    built = compiled(text, f"-L{tmp_path}", "-Wl,--no-as-needed", "-lneeded")
    other.unlink()
    ((path, error, _),) = named(built.parent)
    assert path is None
    assert "libneeded.so: cannot open shared object file" in error or OPUS.file_names[0] in error


@pytest.mark.parametrize("library", [OPUS, AMRWB_DECODER, AMRWB_ENCODER], ids=lambda library: library.name)
def test_the_functions_that_are_checked_are_those_that_the_binding_takes(library: CodecLibrary) -> None:
    source = "".join(path.read_text() for path in (SOURCES / "_opus.pyx", SOURCES / "_amrwb.pyx"))
    prefix = re.match(r"[A-Za-z]+_", library.probe_function)
    assert prefix is not None
    taken = set(re.findall(rf'symbol\("({prefix[0]}\w+)"\)', source))
    assert taken == {library.probe_function, *library.functions}


def test_a_bundled_library_has_the_hash_of_its_list(tmp_path: Path, whole: Path) -> None:
    target = tmp_path / OPUS.file_names[0]
    shutil.copy(whole, target)
    listed = subprocess.run(["sha256sum", target.name], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert bundled(tmp_path)[0] == str(target)  # packagers of distributions have no list
    (tmp_path / library_file.HASHES).write_text(listed)
    assert bundled(tmp_path)[0] == str(target)
    content = bytearray(target.read_bytes())
    content[len(content) // 2] ^= 1
    target.write_bytes(content)
    found, error, _ = bundled(tmp_path)
    assert found is None
    assert re.search(
        rf"{re.escape(str(target))}: has the SHA-256 [0-9a-f]{{64}}, SHA256SUMS beside it has {listed[:64]}", error
    )
    (tmp_path / library_file.HASHES).write_text(listed.replace("libopus", "libother"))
    assert bundled(tmp_path)[1].startswith(f"OPUS needs libopus: {target}: has the SHA-256 ")


def test_a_file_that_is_replaced_by_a_fifo_does_not_block(
    tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / OPUS.file_names[0]
    os.mkfifo(target)
    monkeypatch.setattr(library_file, "_followed", lambda path: path)
    with pytest.raises(OSError, match=r"is not a regular file$"):
        library_file.require_loadable(target)
