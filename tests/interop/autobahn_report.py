"""The configuration of Autobahn's test suite, and its results as a table.

python -m tests.interop.autobahn_report spec PORT FOLDER [CASE ...]
python -m tests.interop.autobahn_report table FOLDER
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Final

AGENT: Final = "rtpcodec"
WITHOUT_COMPRESSION: Final = ("12.*", "13.*")
"""Cases of permessage-deflate, which the endpoint does not offer."""
DEVIATIONS: Final = {
    "7.1.2": "picows answers two close frames in one segment with 1002 instead of 1000: docs/adr/0023-framing.md",
}
"""Cases that may fail, with the reason. It depends on how TCP cuts what the suite sends."""
PASSED: Final = frozenset({"OK", "INFORMATIONAL"})
TOLERATED: Final = frozenset({"NON-STRICT", "DEVIATION"})
"""Allowed by the RFC, but not the answer that the suite wants."""


def spec(port: int, folder: str, cases: list[str]) -> dict[str, Any]:
    """Return the specification that the suite reads."""
    return {
        "outdir": folder,
        "servers": [{"agent": AGENT, "url": f"ws://127.0.0.1:{port}", "options": {"version": 18}}],
        "cases": cases or ["*"],
        "exclude-cases": list(WITHOUT_COMPRESSION),
        "exclude-agent-cases": {},
    }


def table(folder: Path) -> bool:
    """Print the cases that did not pass, and the numbers of all. Return whether none failed."""
    cases: dict[str, dict[str, Any]] = json.loads((folder / "index.json").read_text("utf-8"))[AGENT]
    verdicts: Counter[str] = Counter()
    failed = False
    for case, found in sorted(cases.items(), key=lambda item: [int(part) for part in item[0].split(".")]):
        # Both must be right: what was received, and how the connection was closed.
        worst = max((found["behavior"], found["behaviorClose"]), key=_badness)
        report = json.loads((folder / found["reportfile"]).read_text("utf-8"))
        reason = f"{report['result']} {report['resultClose']}"
        if case in DEVIATIONS and _badness(worst) == 2:
            worst, reason = "DEVIATION", DEVIATIONS[case]
        verdicts[worst] += 1
        failed = failed or _badness(worst) == 2
        if _badness(worst):
            print(f"{case:<8} {worst:<12} {reason}")
    counts = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common())
    print(f"autobahn: {len(cases)} cases: {counts}")
    return bool(cases) and not failed


def _badness(verdict: str) -> int:
    return 0 if verdict in PASSED else 1 if verdict in TOLERATED else 2


def main() -> None:
    match sys.argv[1:]:
        case ["spec", port, folder, *cases]:
            print(json.dumps(spec(int(port), folder, cases), indent=1))
        case ["table", folder]:
            sys.exit(not table(Path(folder)))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
