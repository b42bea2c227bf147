"""Recognises carriers whose echoes and clears depart from their documents. Reports one Diagnosis per kind."""

from __future__ import annotations

from typing import Final

from rtpcodec.stream.events import Diagnosis

NOT_RETURNED_AFTER_MS: Final = 3000.0
"""Marks do not return if no echo has arrived this long after the first one was expected. 2 s is merely late."""
NOT_RETURNED_MARKS: Final = 3
"""This many marks must be missing by then."""
EARLY_ECHOES: Final = 2
"""Marks return on receipt if this many echoes arrive before their audio can have been played."""
LATE_ECHOES: Final = 3
"""Echoes are late, and not the network, if this many arrive later than any plausible hold, each at its own time."""
LATE_SPACING_MS: Final = 100.0
"""Echoes that arrive together after a stall of the return path count once."""
LOST_BY_CLEARS: Final = 2
"""Clears lose marks if this many that they should have returned are missing, and none has returned."""
SAFE_ECHOES: Final = 12
"""After this many echoes without a loss, one missing mark is enough: at 5 % loss, chance explains it no more."""
MAX_RATE_ERRORS: Final = 2
"""As in `own_marks`."""


class CarrierHabits:
    """Counts departures, and makes each diagnosis once. Times are in ms of the caller's clock."""

    __slots__ = (
        "_cleared_lost",
        "_cleared_returned",
        "_early",
        "_excused",
        "_expired",
        "_first_expected_ms",
        "_found",
        "_late",
        "_late_ms",
        "_lost",
        "echoes",
        "is_late",
        "rate_errors",
    )

    def __init__(self) -> None:
        self._found: set[str] = set()
        self._early = 0
        self._late = 0
        self._late_ms = float("-inf")
        self._expired = 0
        self._first_expected_ms = float("inf")
        self._excused = 0
        self._cleared_lost = 0
        self._cleared_returned = 0
        self._lost = False
        self.rate_errors = 0
        self.echoes = 0
        """The number of echoes of marks that we sent."""
        self.is_late = False
        """Whether echoes arrive too late to show the hold."""

    def followed(self) -> None:
        """Count an echo that fits the model."""
        self._late = 0
        self.is_late = False

    def early(self, early_ms: float) -> Diagnosis | None:
        """Count an echo that arrived before its audio can have been played."""
        self._early += 1
        if self._early < EARLY_ECHOES:
            return None
        return self._diagnosis(
            "marks_returned_early",
            f"{self._early} marks returned before their audio can have been played, the last one {early_ms:.0f} ms",
            "positions are estimated from the sent audio; check that the command has the plan's command_fields: a "
            "carrier that was asked for another codec plays the audio for a different time",
        )

    def late(self, late_ms: float, now_ms: float) -> Diagnosis | None:
        """Count an echo that is later than any plausible hold."""
        if now_ms - self._late_ms < LATE_SPACING_MS:
            return None
        self._late_ms = now_ms
        self._late += 1
        if self._late < LATE_ECHOES:
            return None
        self.is_late = True
        return self._diagnosis(
            "marks_late",
            f"{self._late} marks in a row returned {late_ms:.0f} ms after they were expected",
            "echoes show that audio was played, but not when: positions are estimated from the sent audio",
        )

    def overtaken(self) -> Diagnosis | None:
        """Count a mark that is lost, because a later one has returned."""
        if self._excused:
            self._excused -= 1
            return None
        self._lost = True
        return self._diagnosis(
            "marks_lost",
            "a mark did not return, although a later one did",
            "the carrier loses marks: ends of replies may be estimated",
        )

    def expired(self, expected_ms: float, now_ms: float) -> Diagnosis | None:
        """Count a mark that timed out."""
        self._expired += 1
        self._first_expected_ms = min(self._first_expected_ms, expected_ms)
        waited_ms = now_ms - self._first_expected_ms
        if self.echoes or self._expired < NOT_RETURNED_MARKS or waited_ms < NOT_RETURNED_AFTER_MS:
            return None
        return self._diagnosis(
            "marks_not_returned",
            f"none of {self._expired} marks has returned, the first was expected {waited_ms:.0f} ms ago",
            "positions are estimated from the sent audio; check whether this carrier returns marks",
        )

    def refused(self) -> Diagnosis | None:
        """Count an error of the carrier about the message rate (code 100005)."""
        self.rate_errors += 1
        self._excused += 1
        if self.rate_errors < MAX_RATE_ERRORS:
            return None
        return self._diagnosis(
            "marks_refused",
            f"the carrier answered {self.rate_errors} times with error 100005, too many messages",
            "own marks stop for this stream: positions are estimated from the sent audio",
        )

    def cleared(self, returned: int, lost: int, *, all_missing: bool) -> Diagnosis | None:
        """Count the marks that a clear returned or lost, once its fence has returned.

        Args:
            returned: marks that its clear returned.
            lost: marks that it should have returned.
            all_missing: whether no other mark was missing before the clear, which would make chance the reason.
        """
        self._cleared_returned += returned
        excused = min(lost, self._excused)
        self._excused -= excused
        self._cleared_lost += lost - excused
        if not self._cleared_lost:
            return None
        if self._cleared_returned or not all_missing:
            self._cleared_lost = 0
            return self._diagnosis(
                "marks_lost",
                "a clear did not return all outstanding marks",
                "the carrier loses marks: ends of replies may be estimated",
            )
        if self._cleared_lost < LOST_BY_CLEARS and (self._lost or self.echoes < SAFE_ECHOES):
            return None
        return self._diagnosis(
            "clear_loses_marks",
            f"clears returned none of {self._cleared_lost} outstanding marks",
            "nothing to do: marks that a clear drops end when the mark behind the clear returns",
        )

    def clear_slow(self, fence_ms: float, round_trip_ms: float) -> Diagnosis | None:
        """Report a clear that acted late."""
        return self._diagnosis(
            "clear_slow",
            f"a mark behind a clear took {fence_ms:.0f} ms, a round trip takes up to {round_trip_ms:.0f} ms",
            "the caller hears the reply for this long after an interruption: report it to the carrier",
        )

    def clear_ignored(self, end_ms: float) -> Diagnosis | None:
        """Report a clear that had no effect."""
        return self._diagnosis(
            "clear_ignored",
            f"marks behind a clear returned after {end_ms:.0f} ms, when all audio before it was played",
            "the caller hears all audio that was sent before an interruption: use a smaller lead_ms",
        )

    @property
    def excuses_fence(self) -> bool:
        """Whether all echoes are late. A slow fence then says nothing about the clear."""
        return self.is_late or "marks_late" in self._found

    def _diagnosis(self, kind: str, evidence: str, remedy: str) -> Diagnosis | None:
        if kind in self._found:
            return None
        self._found.add(kind)
        return Diagnosis(kind, evidence, remedy)  # type: ignore[arg-type]
