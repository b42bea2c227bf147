"""No class holds more than 15 attributes, value classes apart; the checker counts them in every kind of file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conventions.attributes import classes_in, crowded, cython_classes, python_classes

ROOT = Path(__file__).parents[2] / "src"


def test_no_class_holds_too_many_attributes() -> None:
    assert crowded(classes_in(ROOT)) == {}


def test_classes_of_the_package_are_counted() -> None:
    counts = crowded(classes_in(ROOT), most=0)
    assert counts["rtpcodec.codecs._opus.OpusEncoder"] >= 5
    # Declared in the .pxd, and inherited from ConcealingDecoder.
    assert (
        counts["rtpcodec.codecs._stateless.StatelessDecoder"] > counts["rtpcodec.codecs._concealing.ConcealingDecoder"]
    )
    assert "rtpcodec.errors.RtpcodecError" not in counts
    assert "rtpcodec.stream.plan.StreamPlan" not in counts


def python_class(attributes: int) -> str:
    body = "".join(f"        self.a{at} = {at}\n" for at in range(attributes))
    return f"class Wide:\n    def __init__(self):\n{body}"


def test_sixteen_are_too_many() -> None:
    assert crowded(python_classes(python_class(15), "m")) == {}
    assert crowded(python_classes(python_class(16), "m")) == {"m.Wide": 16}


PYTHON = """\
class One:
    __slots__ = ("a", "b")
    shared = 1

    def __init__(self):
        self.a = self.c = 1
        self.d: int = 2
        self.e, (self.f, *self.g) = 1, (2, 3)

    async def later(self):
        self.h += 1
        with open("x") as self.i:
            pass
        for self.j in ():
            pass

        def inner():
            self.k = 1

        self.a = self.z.y = other.x = 2
        print(self.w)


class Slot:
    __slots__ = "only"


class Two(One):
    def more(self):
        self.l = 1
"""


def test_attributes_of_python() -> None:
    found = {one.name: one for one in python_classes(PYTHON, "m")}
    assert found["One"].attributes == set("abcdefghijk")
    assert found["Slot"].attributes == {"only"}
    assert crowded(found.values(), most=0) == {"m.One": 11, "m.Slot": 1, "m.Two": 12}


CYTHON = '''
@cython.final
cdef class Coder(other.Base):
    """Doc: cdef int not_this."""

    cdef readonly int a, b    # cdef int not_that
    cdef const uint8_t* c
    cdef int16_t d[4], e[2 * N]
    cdef int (*f)(int, void*) noexcept nogil
    cdef:
        object g
        public bytes h
    cdef dict __dict__

    def __init__(self, x):
        cdef int local = 1
        self.a = x
        if self.b == 2:
            self.c += 1

    cdef int method(self, int one, int two) except -1:
        cdef int other_local
        return 0

    cdef inline object small(self):
        return None


cdef struct Plain:
    int one, two

class Python(Exception):
    def __init__(self):
        self.p = 1
'''


def test_attributes_of_cython() -> None:
    coder, python = cython_classes(CYTHON, "m")
    assert (coder.name, coder.bases) == ("Coder", ("Base",))
    assert coder.attributes == {*"abcdefgh", "__dict__"}
    assert (python.name, python.bases) == ("Python", ("Exception",))
    assert python.attributes == {"p"}


def counted(tmp_path: Path, files: dict[str, str]) -> dict[str, int]:
    (tmp_path / "rtpcodec").mkdir()
    for name, text in files.items():
        (tmp_path / "rtpcodec" / name).write_text(text)
    return crowded(classes_in(tmp_path), most=0)


def test_declaration_and_definition_are_one_class(tmp_path: Path) -> None:
    files = {
        "a.pxd": "cdef class Coder:\n    cdef int a, b\n    cdef int method(self) except -1\n",
        "a.pyx": "cdef class Coder:\n    def __init__(self):\n        self.a = 1\n",
        "a.pyi": "class Coder:\n    def __init__(self) -> None:\n        self.never: int\n",
        "b.pyx": "cdef class More(Coder):\n    cdef int c\n",
    }
    assert counted(tmp_path, files) == {"rtpcodec.a.Coder": 2, "rtpcodec.b.More": 3}


def test_class_of_the_same_name_in_another_file_is_another_one(tmp_path: Path) -> None:
    files = {
        "a.py": "class Base:\n    def f(self):\n        self.a = 1\n",
        "b.py": "class Base:\n    def f(self):\n        self.b = self.c = 1\n\n\nclass Inner(Base):\n    pass\n",
    }
    assert counted(tmp_path, files) == {"rtpcodec.a.Base": 1, "rtpcodec.b.Base": 2, "rtpcodec.b.Inner": 2}


@pytest.mark.parametrize(
    "head",
    [
        "@dataclass\nclass Value:",
        "@dataclasses.dataclass(frozen=True)\nclass Value:",
        "class Value(StrEnum):",
        "class Value(TypedDict, total=False):",
        "class Value(NamedTuple):",
        "class Value(msgspec.Struct):",
        "class Value(ValueError):",
        "class Base(OSError):\n    pass\n\n\nclass Value(Base):",
    ],
)
def test_value_classes_hold_what_they_need(head: str) -> None:
    text = f"{head}\n    def f(self):\n        self.a = 1\n"
    assert crowded(python_classes(text, "m"), most=0) == {}
