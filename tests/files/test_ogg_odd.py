"""Odd Ogg Opus files: each is read as by ffmpeg, or better and with a note, or refused with its rule."""

from __future__ import annotations

import numpy as np
import pytest

from rtpcodec.errors import AudioFileError
from tests.files import odd_ogg, odd_ogg_tables
from tests.files.ogg_files import FRAME, paged, read, read_by_ffmpeg, source_of
from tests.oracles.ogg import joined

pytestmark = pytest.mark.usefixtures("opus")

PRE_SKIP = 312


@pytest.mark.parametrize("name", odd_ogg_tables.READ_AS_FFMPEG)
def test_it_is_read_as_ffmpeg_reads_it(name: str) -> None:
    make, notes = odd_ogg_tables.READ_AS_FFMPEG[name]
    octets = make()
    pcm, facts = read(octets)
    assert facts.notes == notes
    assert facts.samples == len(pcm) // 2 // facts.channels
    assert pcm == read_by_ffmpeg(octets)
    assert read(octets, most=97) == (pcm, facts)


@pytest.mark.parametrize("name", odd_ogg_tables.FILLED)
def test_lost_audio_is_concealed_so_that_the_rest_keeps_its_place(name: str) -> None:
    make, begin, end, notes = odd_ogg_tables.FILLED[name]
    pcm, facts = read(make())
    plain, _ = read(joined(paged()))
    assert facts.notes == notes
    assert len(pcm) == len(plain)
    ours, theirs = np.frombuffer(pcm, np.int16), np.frombuffer(plain, np.int16)
    first, behind = max(begin * FRAME - PRE_SKIP, 0), end * FRAME - PRE_SKIP
    assert np.array_equal(ours[:first], theirs[:first])
    assert not np.array_equal(ours[first:behind], theirs[first:behind])
    # The decoder has recovered within some packets.
    settled = behind + 6 * FRAME
    difference = ours[settled:].astype(float) - theirs[settled:]
    assert np.mean(difference**2) < 0.01 * np.mean(theirs[settled:].astype(float) ** 2)


@pytest.mark.parametrize("name", odd_ogg_tables.AS_WITHOUT)
def test_foreign_octets_are_dropped(name: str) -> None:
    make, notes = odd_ogg_tables.AS_WITHOUT[name]
    pcm, facts = read(make())
    assert facts.notes == notes
    assert pcm == read(joined(paged()))[0]


@pytest.mark.parametrize("name", odd_ogg_tables.REFUSED)
def test_it_is_refused_with_its_rule(name: str) -> None:
    make, offset_octets, rule = odd_ogg_tables.REFUSED[name]
    with pytest.raises(AudioFileError) as caught:
        read(make())
    assert (caught.value.name, caught.value.offset_octets, caught.value.rule) == ("a.opus", offset_octets, rule)


def test_audio_before_a_broken_rule_is_returned() -> None:
    source = source_of(odd_ogg.link_of_another_codec())
    given: list[bytes] = []
    with pytest.raises(AudioFileError, match="link 2 has Vorbis"):
        given.extend(source.pieces())
    assert b"".join(given) == read(joined(paged()))[0]
    assert source.facts.samples is None


def test_a_gap_between_positions_is_filled_although_no_page_is_missing() -> None:
    """Recorders omit the pauses of a sender with discontinuous transmission; the file keeps its time."""
    octets = odd_ogg.jumping(2 * 48_000)
    pcm, facts = read(octets)
    plain, _ = read(joined(paged()))
    assert facts.notes == ("lost audio is concealed, 2000 ms in all, at octet 1095",)
    assert len(pcm) == len(plain) + 2 * 2 * 48_000
    begin = 2 * (15 * FRAME - PRE_SKIP)
    assert pcm[:begin] == plain[:begin]
    assert not any(pcm[begin + 2 * 50_000 : begin + 2 * 90_000])
    assert read_by_ffmpeg(octets) == plain


def test_a_gap_of_more_than_a_minute_is_not_filled() -> None:
    pcm, facts = read(odd_ogg.jumping(60 * 48_000 + 960))
    assert facts.notes == ("a granule position jumps by more than 60 s, not filled, at octet 1095",)
    assert pcm == read(joined(paged()))[0]
    pcm, facts = read(odd_ogg.jumping(60 * 48_000))
    assert facts.samples == 60 * 48_000 + 51 * FRAME - PRE_SKIP


def test_a_packet_above_the_size_limit_is_dropped() -> None:
    pcm, facts = read(odd_ogg.huge_packet())
    plain, _ = read(joined(paged()))
    assert facts.notes == ("a packet that is not a valid Opus packet is left out, at octet 64790",)
    assert pcm == plain


def test_each_link_has_a_separate_decoder_and_pre_skip() -> None:
    pcm, facts = read(odd_ogg.chained((0.5, 1), (0.3, 1), (0.1, 1)))
    alone = [read(joined(paged(seconds)))[0] for seconds in (0.5, 0.3, 0.1)]
    assert pcm == b"".join(alone)
    assert facts.notes == ()
    assert read(odd_ogg.chained((0.5, 1), (0.3, 1), (0.1, 1), same_serial=True)) == (pcm, facts)


def test_a_link_that_does_not_end_is_noted() -> None:
    pcm, facts = read(odd_ogg.chained((0.5, 1), (0.3, 1), unended=True))
    assert pcm == b"".join(read(joined(paged(seconds)))[0] for seconds in (0.5, 0.3))
    assert facts.notes == (
        "a stream begins before the previous one has ended, at octet 1847",
        "the file ends without a page that ends its stream, at octet 2942",
    )


def test_a_stereo_link_after_a_mono_one_is_the_mean_of_its_channels() -> None:
    pcm, facts = read(odd_ogg.chained((0.5, 1), (0.3, 2)))
    first, second = read(joined(paged(0.5)))[0], read(joined(paged(0.3, 2)))[0]
    mean = np.frombuffer(second, np.int16).reshape(-1, 2).astype(np.int32).sum(axis=1) >> 1
    assert facts.channels == 1
    assert facts.notes == ("a link has another number of channels than the first, at octet 1847",)
    assert pcm == first + mean.astype(np.int16).tobytes()


def test_a_mono_link_after_a_stereo_one_is_in_both_channels() -> None:
    pcm, facts = read(odd_ogg.chained((0.5, 2), (0.3, 1)))
    first, second = read(joined(paged(0.5, 2)))[0], read(joined(paged(0.3)))[0]
    assert facts.channels == 2
    assert facts.notes == ("a link has another number of channels than the first, at octet 1847",)
    assert pcm == first + np.frombuffer(second, np.int16).repeat(2).tobytes()


@pytest.mark.parametrize("pages", [1, 2])
def test_a_file_of_headers_has_no_samples(pages: int) -> None:
    pcm, facts = read(odd_ogg.only(pages, flags=4))
    assert (pcm, facts.samples, facts.notes) == (b"", 0, ())


def test_a_packet_without_its_end_is_concealed() -> None:
    pages = odd_ogg.continued()
    pages[4].flags = 0
    pages[4].body = pages[4].body[255 * 2 :]
    pages[4].segments = pages[4].segments[3:]
    pcm, facts = read(joined(pages))
    assert facts.notes[0] == "a packet without its end is left out, at octet 1165"
    assert len(pcm) == len(read(joined(paged()))[0])
