"""Counts the kernels' instructions with callgrind and compares them with benchmarks/instructions.json.

Fails when a kernel has grown by more than 3 %, with calls of the C library 10 %, or is not in the file. `--update`
takes the counts over and rewrites the report benchmarks/instructions.md, which has whole calls from Python as well.
Counts belong to a compiler, an architecture and a form of the kernels; where the file has none for these, nothing is
compared.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
STORE: Final = HERE / "instructions.json"
REPORT: Final = HERE / "instructions.md"
MOST_GROWTH: Final = 0.03
MOST_GROWTH_WITH_C_LIBRARY: Final = 0.10
"""Of kernels that search and compare by functions of the C library, whose form the processor chooses."""
USES_C_LIBRARY: Final = "media_scan "
MOST_OF_A_WRAPPER: Final = 3000
"""Limit of the instructions that our call adds to that of a codec's shared library."""
FORMS: Final = ("", "portable")
WHOLE_CALL: Final = "call "
MOST_OF_CALLS: Final = {
    f"{WHOLE_CALL}message out": 1600,
    f"{WHOLE_CALL}message in": 2200,
    f"{WHOLE_CALL}message in, any order": 4000,
    f"{WHOLE_CALL}session in": 5400,
    f"{WHOLE_CALL}session out": 6600,
}
"""Limits of whole calls from Python with the vector form, which vary with the interpreter."""
OF_LIBRARY: Final = " of the library"
WRAPPER: Final = "wrapper of "

Counts = dict[str, float]


def counted(form: str, whole: bool) -> tuple[str, Counts]:
    """Return the key of this build in one form, and its counts."""
    environment = {**os.environ, "PYTHONHASHSEED": "0", "RTPCODEC_SIMD": form}
    if not form:
        del environment["RTPCODEC_SIMD"]
    with tempfile.TemporaryDirectory() as folder:
        command = [
            "valgrind",
            "--tool=callgrind",
            "--instr-atstart=no",
            "--collect-atstart=no",
            f"--callgrind-out-file={folder}/out",
            sys.executable,
            "-m",
            "benchmarks.counting",
            *(["whole"] if whole else []),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=HERE.parent)
        if done.returncode:
            raise RuntimeError(f"callgrind failed:\n{done.stdout}{done.stderr}")
        totals = dict(map(total, Path(folder).glob("out.*")))
    return json.loads(done.stdout)["key"], with_wrappers(differences(totals))


def total(path: Path) -> tuple[str, int]:
    """Return name and instructions of one dump."""
    text = path.read_text()
    name = re.search(r"^desc: Trigger: Client Request: (.+)$", text, re.MULTILINE)
    instructions = re.search(r"^(?:summary|totals): (\d+)$", text, re.MULTILINE)
    return name[1] if name else "", int(instructions[1]) if instructions else 0


def differences(totals: dict[str, int]) -> Counts:
    """Return instructions per call: the difference of the dumps with the most and the least calls."""
    runs: dict[str, dict[int, int]] = {}
    for label, instructions in totals.items():
        name, _, calls = label.rpartition("|")
        if name:
            runs.setdefault(name, {})[int(calls)] = instructions
    return {
        name: round((by_calls[max(by_calls)] - by_calls[min(by_calls)]) / (max(by_calls) - min(by_calls)), 1)
        for name, by_calls in sorted(runs.items(), key=natural)
    }


def with_wrappers(counts: Counts) -> Counts:
    """Replace the counts of frame codecs by the instructions that our wrappers add to their libraries."""
    alone = {name.removesuffix(OF_LIBRARY): name for name in counts if name.endswith(OF_LIBRARY)}
    added = {f"{WRAPPER}{name}": counts[WHOLE_CALL + name] - counts[alone[name]] for name in alone}
    gone = {*alone.values(), *(WHOLE_CALL + name for name in alone)}
    return {name: count for name, count in counts.items() if name not in gone} | added


def natural(run: tuple[str, dict[int, int]]) -> list[tuple[int, str]]:
    """Return a sort key with words in order, and numbers by size."""
    return [(int(word), "") if word.isdigit() else (0, word) for word in run[0].split()]


def complaints(kept: Counts, found: Counts) -> list[str]:
    """Return counts that differ from the stored ones, and wrappers above their limit."""
    found = {name: count for name, count in found.items() if not name.startswith(WHOLE_CALL)}
    added = {name: count for name, count in found.items() if name.startswith(WRAPPER)}
    over = [
        f"{name}: {count:g} instructions, at most {MOST_OF_A_WRAPPER} are allowed"
        for name, count in added.items()
        if count > MOST_OF_A_WRAPPER
    ]
    found = {name: count for name, count in found.items() if name not in added}
    lines = [f"{name}: not counted before ({found[name]:g} instructions)" for name in found if name not in kept]
    lines += [f"{name}: gone" for name in kept if name not in found]
    lines += [
        f"{name}: {found[name]:g} instructions, {kept[name]:g} before ({found[name] / kept[name] - 1:+.1%})"
        for name in found
        if name in kept and found[name] > kept[name] * (1 + most_growth(name))
    ]
    return lines + over


def most_growth(name: str) -> float:
    """Return the permitted growth of a kernel's count."""
    return MOST_GROWTH_WITH_C_LIBRARY if name.startswith(USES_C_LIBRARY) else MOST_GROWTH


def above_limits(key: str, found: Counts) -> list[str]:
    """Return whole calls above their limits, in a vector form."""
    return [
        f"{name}: {found[name]:g} instructions, at most {most} are allowed"
        for name, most in MOST_OF_CALLS.items()
        if found[name] > most and not key.endswith(" portable")
    ]


def compare() -> int:
    """Check both forms against the file."""
    store: dict[str, Counts] = json.loads(STORE.read_text())
    compared, lines = 0, []
    for key, found in dict(counted(form, whole=False) for form in FORMS).items():
        if key in store:
            compared += len(found)
            lines += [f"{key}: {line}" for line in complaints(store[key], found) + above_limits(key, found)]
        else:
            print(f"skipped, {STORE.name} has no counts for {key} (make instructions ARGS=--update)")
    print("\n".join([*lines, f"{compared} counts compared, {len(lines)} complaints"]))
    return 1 if lines else 0


def update() -> int:
    """Store this build's counts."""
    store: dict[str, Counts] = json.loads(STORE.read_text()) if STORE.exists() else {}
    page = [REPORT_HEAD]
    for form in FORMS:
        key, everything = counted(form, whole=True)
        shown = (WHOLE_CALL, WRAPPER)
        store[key] = {name: count for name, count in everything.items() if not name.startswith(shown)}
        calls = {name.removeprefix(WHOLE_CALL): everything[name] for name in everything if name not in store[key]}
        page += [f"## {key}\n", *table("kernel", store[key]), "", *table("whole call", calls), ""]
    STORE.write_text(json.dumps(store, indent=1, sort_keys=True) + "\n")
    REPORT.write_text("\n".join(page).rstrip() + "\n")
    print(f"written: {STORE.name}, {REPORT.name}")
    return 0


def table(head: str, counts: Counts) -> list[str]:
    """Return counts as a Markdown table."""
    return [
        f"| {head} | instructions |",
        "|---|--:|",
        *(f"| {name} | {count:,.10g} |" for name, count in counts.items()),
    ]


REPORT_HEAD: Final = """# Instruction counts

Written by `make instructions ARGS=--update`; do not edit. A kernel's count is that of one call of its C function
(callgrind, difference of two runs of calls, including the loop's few instructions). `make check` fails if a count grows
by more than 3 %; for the message scan by more than 10 %, because it calls functions of the C library, whose
form depends on the processor. The number after a name is the number of samples per call; for G.722 of pairs of samples,
160 per frame; for base64 of octets. Whole calls from Python, with a frame of 20 ms, vary with the interpreter: they are
only shown, except that those of messages have limits. A wrapper's count is the difference between a call of a frame
codec and a call of its shared library; `make check` fails if it exceeds 3,000.
"""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="make instructions", description=__doc__)
    parser.add_argument("--update", action="store_true", help="store the counts of this build")
    sys.exit(update() if parser.parse_args().update else compare())
