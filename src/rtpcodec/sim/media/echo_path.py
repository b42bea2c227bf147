"""EchoPath: the caller's phone returns what it hears."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from rtpcodec.codecs import codec
from rtpcodec.kernels.mixing import gain, mix

MAX_DELAY_MS: Final = 5000.0
"""Heard audio is kept for this time. Echoes of satellite links and slow phones are below 1 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoPath:
    """The acoustic echo of the phone: changes to the audio that it plays, until it returns with the caller's speech.

    Raises:
        ValueError: a number is outside its range, or the codec is not PCMU or PCMA.
    """

    delay_ms: float = 100.0
    """Time in ms from the play-out of audio to its return."""
    loss_db: float = 30.0
    """How much lower it returns, in dB."""
    clip_dbov: float | None = None
    """The phone's loudspeaker clips at this peak level of what it plays, so that the echo is distorted; None: not."""
    codec: Literal["PCMU", "PCMA"] | None = None
    """The echo passes this law of G.711 on its way back, whatever the codec of the stream; None: it does not."""

    def __post_init__(self) -> None:
        if not 0 <= self.delay_ms <= MAX_DELAY_MS:
            raise ValueError(f"delay_ms is {self.delay_ms}, 0 to {MAX_DELAY_MS:.0f} is needed")
        if not 0 <= self.loss_db <= 100:
            raise ValueError(f"loss_db is {self.loss_db}, 0 to 100 is needed")
        if self.clip_dbov is not None and not -60 <= self.clip_dbov <= 0:
            raise ValueError(f"clip_dbov is {self.clip_dbov}, -60 to 0 is needed")
        if self.codec not in (None, "PCMU", "PCMA"):
            raise ValueError(f"codec is {self.codec!r}, 'PCMU', 'PCMA' or None is needed")


class Echo:
    """The echo of one stream."""

    __slots__ = ("_clip", "_decoder", "_encoder", "_factor", "delay_ms")

    def __init__(self, path: EchoPath) -> None:
        self.delay_ms = path.delay_ms
        self._factor = 10 ** (-path.loss_db / 20)
        self._clip = None if path.clip_dbov is None else 10 ** (path.clip_dbov / 20)
        info = None if path.codec is None else codec(path.codec)
        self._encoder = None if info is None else info.encoder()
        self._decoder = None if info is None else info.decoder()

    def added(self, said: bytes, heard: bytes) -> bytes:
        """Return the caller's speech with the echo of the played audio.

        Args:
            said: a chunk of the caller's speech.
            heard: as many samples of the audio that was heard delay_ms before.
        """
        if self._clip is not None:
            # A gain limits at full scale.
            heard = gain(gain(heard, 1 / self._clip), self._clip)
        heard = gain(heard, self._factor)
        if self._encoder is not None and self._decoder is not None:
            heard = self._decoder.decode(self._encoder.encode(heard))
        return mix([said, heard])
