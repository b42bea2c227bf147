"""Ogg Opus beyond odd files: files of ffmpeg, in-band FEC at a loss, memory, damage anywhere, other codecs in Ogg."""

from __future__ import annotations

import io
import random
from typing import BinaryIO, cast

import numpy as np
import pytest

from rtpcodec.errors import AudioFileError
from rtpcodec.files.formats.ogg_opus import open_source
from rtpcodec.files.source import MAX_PIECE_FRAMES
from tests import ffmpeg
from tests.files.ogg_files import FRAME, Pipe, paged, pcm_of, peak_of, read, read_by_ffmpeg, source_of, written
from tests.oracles.ogg import Page, joined, packets_of, page_of, pages_of

pytestmark = pytest.mark.usefixtures("opus")


@pytest.mark.parametrize(
    "options",
    [
        ["-ac", "1", "-b:a", "24k"],
        ["-ac", "2", "-b:a", "96k", "-frame_duration", "2.5"],
        ["-ac", "1", "-b:a", "12k", "-frame_duration", "60", "-application", "voip"],
        ["-ac", "2", "-ar", "8000"],
    ],
)
def test_files_of_ffmpeg_are_decoded_to_the_same_samples(options: list[str]) -> None:
    octets = ffmpeg.to_file(pcm_of(48_000), ffmpeg.pcm_input(48_000), ["-c:a", "libopus", *options], ".ogg")
    pcm, facts = read(octets, most=4096)
    assert facts.notes == ()
    assert pcm == read_by_ffmpeg(octets)


def test_loss_is_repaired_by_the_copy_in_the_next_packet() -> None:
    """In-band FEC is nearer to the original than concealment."""
    heard = {}
    for fec in (False, True):
        options = {"fec": True, "expected_loss_percent": 30} if fec else {}
        octets = written(pcm_of(32_000, 16_000), 16_000, bitrate=32_000, **options)
        pages = pages_of(octets)
        every = packets_of(pages)[2:]
        apart = [*pages[:2]]
        for number, packet in enumerate(every):
            apart.append(page_of([packet], position=(number + 1) * FRAME, serial=pages[0].serial, sequence=number + 2))
        apart[-1].flags, apart[-1].position = 4, pages[-1].position
        lost = [page for number, page in enumerate(apart) if number < 2 or number % 10]
        pcm, facts = read(joined(lost))
        whole, _ = read(octets)
        assert len(pcm) == len(whole)
        assert facts.notes[1].startswith("lost audio is concealed, 200 ms in all, 10 times")
        difference = np.frombuffer(pcm, np.int16).astype(float) - np.frombuffer(whole, np.int16)
        heard[fec] = np.mean(difference**2) / np.mean(np.frombuffer(whole, np.int16).astype(float) ** 2)
    assert heard[True] < heard[False] / 2


def test_pieces_are_bounded() -> None:
    octets = written(pcm_of(16_000 * 3, 16_000), 16_000, frame_ms=60)
    lengths = [len(piece) // 2 for piece in source_of(octets).pieces()]
    assert max(lengths) <= MAX_PIECE_FRAMES
    assert len(lengths) <= 4


def test_memory_does_not_grow_with_the_file() -> None:
    pages = paged(1.0)

    class Long:
        """Yield a file of this duration, page by page."""

        def __init__(self, seconds: int) -> None:
            self.number = 2
            self.end = seconds * 10
            self.ready = joined(pages[:2])

        def read(self, octets: int, /) -> bytes:
            while len(self.ready) < octets and self.number < self.end:
                body = pages[3]
                page = Page(0, (self.number - 1) * 5 * FRAME, 7, self.number, body.segments, body.body)
                self.ready += page.octets()
                self.number += 1
            found, self.ready = self.ready[:octets], self.ready[octets:]
            return found

    def walk(seconds: int) -> None:
        source = open_source(cast("BinaryIO", Long(seconds)), "long.opus")
        assert sum(map(len, source.pieces())) == 2 * ((seconds * 10 - 2) * 5 * FRAME - 312)

    walk(1)
    assert peak_of(walk, 9) < peak_of(walk, 3) + 100_000


def test_damage_anywhere_results_in_sound_or_a_documented_error() -> None:
    chosen = random.Random(1019)
    octets = joined(paged(0.5, 2))
    refused = []
    for _ in range(100):
        damaged = bytearray(octets)
        for _ in range(chosen.randint(1, 4)):
            at = chosen.randrange(len(damaged))
            if chosen.random() < 0.5:
                damaged[at] = chosen.randrange(256)
            else:
                del damaged[at : at + chosen.randrange(200)]
        try:
            pcm, facts = read(bytes(damaged))
        except AudioFileError as error:
            refused.append(error.offset_octets)
        else:
            assert facts.samples == len(pcm) // 4
            assert len(pcm) <= 4 * 26 * FRAME
    assert set(refused) <= set(range(len(octets)))
    assert 5 < len(refused) < 100


@pytest.mark.parametrize("is_pipe", [False, True])
@pytest.mark.parametrize(("encoder", "codec"), [("libvorbis", "Vorbis")])
def test_other_codecs_are_read_by_libsndfile(encoder: str, codec: str, is_pipe: bool) -> None:
    pytest.importorskip("soundfile")
    # Of a file of one page the executable itself loses the beginning.
    octets = ffmpeg.to_file(pcm_of(32_000, 16_000), ffmpeg.pcm_input(16_000), ["-c:a", encoder], ".ogg")
    file = cast("BinaryIO", Pipe(octets)) if is_pipe else io.BytesIO(octets)
    source = open_source(file, "a.ogg")
    pcm = b"".join(source.pieces())
    facts = source.facts
    source.close()
    source.close()
    assert (facts.container, facts.codec, facts.sample_rate_hz, facts.channels) == ("ogg", codec, 16_000, 1)
    assert facts.samples == len(pcm) // 2
    theirs = ffmpeg.decode(octets, [])
    assert len(theirs) == len(pcm)
    # Both round the decoder's floats.
    assert np.abs(np.frombuffer(pcm, np.int16).astype(int) - np.frombuffer(theirs, np.int16)).max() <= 1
