"""No file over 400 lines, no function over 50."""

from __future__ import annotations

from pathlib import Path

from tests.conventions import sizes

ROOT = Path(__file__).parents[2]


def test_nothing_is_too_long() -> None:
    assert sizes.too_long(ROOT) == []


def test_every_file_is_measured() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in sizes.source_files(ROOT)}
    assert {"src/rtpcodec/stream/session.py", "src/rtpcodec/kernels/g711.pyx", "src/rtpcodec/kernels/g711.pyi"} <= names
    assert {
        "src/rtpcodec/kernels/_buffers.pxd",
        "tests/conventions/test_sizes.py",
        "setup.py",
        "scripts/check.sh",
    } <= names
    assert "src/rtpcodec/kernels/g711.c" not in names


PYTHON = """\
@cache
@other(
    1,
)
def outer(
    a,
):
    def inner():
        pass

    return inner


async def two():
    await x
"""


def test_functions_of_python() -> None:
    assert set(sizes.python_functions(PYTHON)) == {
        sizes.Function("outer", 1, 11),
        sizes.Function("inner", 8, 2),
        sizes.Function("two", 14, 2),
    }


CYTHON = '''
cdef extern from "x.h":
    int imported(int a)

cdef int declared(int a) noexcept nogil
cdef struct Point:
    int x

cdef inline int take(
    object out, Py_buffer* view,
) except -1:  # why
    """Doc.

    More.
    """
    if view:
        return 1

    return 0
cdef int value = call(1)
cdef class Thing:
    cdef int x

    def __init__(self, x=(1, 2)):
        self.x = x
        # the end

    cpdef long long product(self):
        return 2

ctypedef void (*function)(int) noexcept


def last(a, /):
    return a
'''


def test_functions_of_cython() -> None:
    assert list(sizes.cython_functions(CYTHON)) == [
        sizes.Function("take", 9, 7),
        sizes.Function("__init__", 24, 3),
        sizes.Function("product", 28, 2),
        sizes.Function("last", 34, 2),
    ]


def test_functions_of_the_kernels_are_found() -> None:
    path = ROOT / "src" / "rtpcodec" / "kernels" / "g711.pyx"
    names = [function.name for function in sizes.functions_of(path)]
    assert names[:4] == ["pcmu_code", "pcmu_sample", "pcma_code", "pcma_sample"]
    assert names[-1] == "pcma_decode_into"
    assert len(names) == 22


def test_what_is_too_long_is_named(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    body = "    pass\n" * 50
    (tmp_path / "src" / "a.py").write_text("def f():\n" + body)
    (tmp_path / "src" / "b.pyx").write_text("cdef int g(\n    int a,\n):\n" + body[9:])
    (tmp_path / "src" / "c.pyi").write_text("\n" * 401)
    (tmp_path / "src" / "d.py").write_text("\n" * 400 + "")
    assert sizes.too_long(tmp_path) == [
        "src/a.py:1 f has 51 lines, at most 50 are allowed",
        "src/b.pyx:1 g has 52 lines, at most 50 are allowed",
        "src/c.pyi has 401 lines, at most 400 are allowed",
    ]
