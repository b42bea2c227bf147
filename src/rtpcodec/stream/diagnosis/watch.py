"""The sink that searches for faults after each change of a stream, and reports each kind once per change."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import Final

from rtpcodec.stream.diagnosis import kinds, plan_check
from rtpcodec.stream.diagnosis._watch_states import SILENT_TIMES, WatchState
from rtpcodec.stream.diagnosis.bandwidth import Bandwidth, BandwidthMeter, meter_for
from rtpcodec.stream.diagnosis.track import TrackVerdicts
from rtpcodec.stream.empty_collections import NO_NAMES
from rtpcodec.stream.events import Audio, CarrierError, CounterChanged, Diagnosis, Event, FormatChanged, Gap, Started
from rtpcodec.stream.messages import MediaFormat
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.wire import Dialect

DIAGNOSIS_S: Final = 10.0
"""Duration of sound that is examined after a change: one second of speech shows a fault."""
HOLD_MS: Final = 5000.0
"""A pause of this duration is a change: after a hold, the audio may come from another machine."""
TIMESTAMPS_WAIT_MS: Final = 1500.0
"""Delay of the report about timestamps: within a second, speech may show another fault that explains them."""
WRONG_LENGTHS: Final = frozenset(("wrong_codec", "wrong_rate", "stereo_as_mono"))
"""Kinds with which timestamps repeatedly differ from the durations of chunks."""
MAX_TRACKS: Final = 4
"""Limit on examined tracks; a carrier has two."""


class DiagnosisWatch(WatchState):
    """Examines one session. Use from one thread at a time."""

    __slots__ = (
        "_plan",
        "_planned",
        "_reported",
        "media_format",
    )

    deadline_ms: float = inf

    def __init__(self, plan: StreamPlan, dialect: Dialect, diagnosis_s: float) -> None:
        """Make the sink.

        Args:
            plan: The plan of the session.
            dialect: The dialect of its carrier.
            diagnosis_s: Duration of sound that is examined after each change; infinite: all.
        """
        self._plan = plan
        self._planned = plan_check.PlanCheck(plan, dialect)
        self._planned_tracks = frozenset(self._planned.tracks)
        self._limit_ms = diagnosis_s * 1000
        self.media_format = MediaFormat("", None, None)
        """The declared format; before `start`, its encoding is empty."""
        self._reported: frozenset[str] = NO_NAMES
        self._bands: dict[str, BandwidthMeter | Bandwidth | None] = {}
        self._begin()

    def follow(self, dialect: Dialect) -> None:
        """Examine a stream of this dialect from now on; call it before `start`."""
        self._planned = plan_check.PlanCheck(self._plan, dialect)
        self._planned_tracks = frozenset(self._planned.tracks)

    def _begin(self) -> None:
        self._tracks: dict[str, TrackVerdicts] = {}
        self._reported = NO_NAMES
        self._planned.restart()
        self._sound_ms = self._whole_ms = 0.0
        self._pending: tuple[float, Diagnosis] | None = None
        self._is_file = False  # if so, its octets are not judged as samples as well
        self.over = False
        """Whether enough sound was examined, until the next change."""

    @property
    def bandwidth(self) -> dict[str, Bandwidth | None]:
        """The bandwidth of the speech of each track so far; None: unknown yet."""
        return {
            track: found.found if isinstance(found, BandwidthMeter) else found for track, found in self._bands.items()
        }

    def take(self, event: Event, now_ms: float) -> Iterable[Event]:
        """Examine an event, and return the diagnoses for which there is enough evidence now."""
        # 1. Audio? 2. A new format, declared or found in the payloads? 3. An error of the carrier? 4. Media time.
        if type(event) is Audio:
            return self._report(self._audio(event, now_ms), now_ms)
        if isinstance(event, Started):
            self._change(event.media_format)
            return self._once(*plan_check.of_start(self._plan, event.media_format))
        if isinstance(event, FormatChanged) and not event.announced:
            # The decoder changes its codec later than the codec was found here: the same fault.
            reported = self._reported
            is_known = any(track.found_codec == event.after.encoding for track in self._tracks.values())
            self._change(event.after)
            found = () if is_known else plan_check.of_change(event)
            return self._once(*(one for one in found if one.kind not in reported))
        if isinstance(event, CarrierError):
            refused = self._planned.refused(event, now_ms)
            return () if refused is None else self._once(refused)
        return self._seen(event, now_ms)

    def _report(self, found: Diagnosis | None, now_ms: float) -> Iterable[Event]:
        """Return the diagnosis of a chunk, or the one that has waited."""
        if found is not None:
            # A wrong codec or rate makes timestamps wrong as well, so they are not reported.
            self._pending = None
            return self._once(found)
        return () if self._pending is None else self._waited(*self._pending, now_ms)

    def _seen(self, event: Event, now_ms: float) -> Iterable[Event]:
        """Examine an event of media time, or a diagnosis of another part."""
        match event:
            case Diagnosis(kind):
                self._reported |= {kind}
                self._is_file |= kind == "file_in_payload"
            case Gap(reason=reason, duration_ms=duration_ms) if reason != "lost" and duration_ms >= HOLD_MS:
                self._begin()
            case CounterChanged(counter="timestamp", change="restarted") if self._reported & WRONG_LENGTHS:
                pass  # a consequence: chunks are longer or shorter than declared
            case CounterChanged(change="restarted"):
                self._begin()
            case CounterChanged(track, "timestamp"):
                if not self._reported:
                    self._pending = now_ms + TIMESTAMPS_WAIT_MS, kinds.counters(track, "timestamp")
            case CounterChanged(track, counter):
                return self._once(kinds.counters(track, counter))
        return ()

    def _change(self, media_format: MediaFormat) -> None:
        """Restart with another format."""
        self.media_format = media_format
        self._bands = {}
        self._begin()

    def _waited(self, due_ms: float, found: Diagnosis, now_ms: float) -> list[Event]:
        """Return the waiting diagnosis of timestamps when it is due."""
        if now_ms < due_ms and not self.over:
            return []
        self._pending = None
        return self._once(found)

    def expired(self, _now_ms: float) -> Iterable[Event]:
        """Return nothing: time alone is not evidence."""
        return ()

    def _audio(self, audio: Audio, now_ms: float) -> Diagnosis | None:
        track = self._tracks.get(audio.track)
        if track is None:
            if len(self._tracks) >= MAX_TRACKS:
                return None
            track = self._tracks[audio.track] = TrackVerdicts(audio.track, self.media_format, self._plan.l16_byte_order)
        return self._count(track, audio, None if self._is_file else track.take(audio, now_ms))

    def _count(self, track: TrackVerdicts, audio: Audio, found: Diagnosis | None) -> Diagnosis | None:
        """Count a chunk that was judged. Returns the diagnosis to report."""
        if audio.track not in self._planned.tracks:
            found = self._planned.stray(audio.track) or found
        band = self._bands.get(audio.track)
        if band is None:
            self._bands[audio.track] = meter_for(self.media_format, audio)
        elif isinstance(band, BandwidthMeter) and band.found is None:
            band.take(audio.pcm, audio.duration_ms)
        self._whole_ms += audio.duration_ms
        if track.has_sound(audio):
            self._sound_ms += audio.duration_ms
        self.over = self._sound_ms >= self._limit_ms or self._whole_ms >= SILENT_TIMES * self._limit_ms
        return found

    def _once(self, *found: Diagnosis) -> list[Event]:
        """Return the diagnoses whose kind was not reported since the last change."""
        new: list[Event] = []
        for one in found:
            if one.kind not in self._reported:
                self._reported |= {one.kind}
                new.append(one)
        return new


def watch_for(plan: StreamPlan, dialect: Dialect, diagnosis_s: float | None) -> DiagnosisWatch | None:
    """Return the sink of a session; None if diagnosis_s is 0 or None. Raises ValueError if it is negative."""
    if not diagnosis_s:
        return None
    if not diagnosis_s > 0:
        raise ValueError(f"diagnosis_s is {diagnosis_s!r}, at least 0 is needed; None switches the search off")
    return DiagnosisWatch(plan, dialect, diagnosis_s)
