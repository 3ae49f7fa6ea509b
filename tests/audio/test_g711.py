"""G.711 against the tables of the Recommendation, for every code and every sample."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecore.audio import alaw_decode, alaw_encode, ulaw_decode, ulaw_encode

SAMPLES = np.arange(-32768, 32768).astype(np.int16)
CODES = np.arange(256).astype(np.uint8)


def magnitude(bits_cut: int) -> np.ndarray:
    """G.191: ones' complement of the negative samples, low bits cut."""
    return np.where(SAMPLES < 0, ~SAMPLES, SAMPLES) >> bits_cut


def alaw_levels() -> np.ndarray:
    """Decision values x1..x128 of G.711 table 1, of 4096 full scale."""
    first = np.arange(2, 65, 2)
    return np.concatenate(
        [
            first,
            *(
                np.arange(start + start // 16, 2 * start + 1, start // 16)
                for start in (64, 128, 256, 512, 1024, 2048)
            ),
        ]
    )


def ulaw_levels() -> np.ndarray:
    """Decision values x1..x128 of G.711 table 2, of 8159 full scale."""
    return np.concatenate(
        [np.arange(1, 32, 2)]
        + [np.arange(low + step, high + 1, step) for low, high, step in
           ((31, 95, 4), (95, 223, 8), (223, 479, 16), (479, 991, 32), (991, 2015, 64), (2015, 4063, 128),
            (4063, 8159, 256))]
    )  # fmt: skip


def alaw_reference() -> np.ndarray:
    interval = np.searchsorted(alaw_levels()[:-1], magnitude(3), side="right")
    return (interval | np.where(SAMPLES < 0, 0, 0x80)) ^ 0x55


def ulaw_reference() -> np.ndarray:
    interval = np.searchsorted(ulaw_levels()[:-1], magnitude(2), side="right")
    return 0xFF ^ (interval | np.where(SAMPLES < 0, 0x80, 0))


def test_the_reference_has_the_tables_size() -> None:
    assert len(alaw_levels()) == len(ulaw_levels()) == 128
    assert (alaw_levels()[-1], ulaw_levels()[-1]) == (4096, 8159)


def test_every_sample_encodes_as_the_recommendation_says() -> None:
    assert np.frombuffer(alaw_encode(SAMPLES), np.uint8).tolist() == alaw_reference().tolist()
    assert np.frombuffer(ulaw_encode(SAMPLES), np.uint8).tolist() == ulaw_reference().tolist()


def test_every_code_decodes_to_the_middle_of_its_interval() -> None:
    alaw = np.concatenate([[0], alaw_levels()])
    middle = 4 * (alaw[:-1] + alaw[1:])
    code = CODES ^ 0x55
    assert alaw_decode(CODES).tolist() == (np.where(code & 0x80, 1, -1) * middle[code & 0x7F]).tolist()
    ulaw = ulaw_levels()
    middle = np.concatenate([[0], 2 * (ulaw[:-1] + ulaw[1:])])
    code = 0xFF ^ CODES
    assert ulaw_decode(CODES).tolist() == (np.where(code & 0x80, -1, 1) * middle[code & 0x7F]).tolist()


def test_codes_survive_the_round_trip() -> None:
    assert alaw_encode(alaw_decode(CODES)) == CODES.tobytes()
    assert ulaw_encode(ulaw_decode(CODES)) == CODES.tobytes().replace(b"\x7f", b"\xff")


@given(st.integers(0, 40_000), st.integers(0, 40_000))
def test_chunks_give_what_the_whole_gives(length: int, cut: int) -> None:
    pcm = np.resize(SAMPLES[::7], length)
    for encode, decode in ((alaw_encode, alaw_decode), (ulaw_encode, ulaw_decode)):
        whole = encode(pcm)
        assert encode(pcm[:cut]) + encode(pcm[cut:]) == whole
        parts = [decode(whole[:cut]), decode(whole[cut:])]
        assert np.concatenate(parts).tolist() == decode(whole).tolist()


@pytest.mark.parametrize("encode", [alaw_encode, ulaw_encode])
@pytest.mark.parametrize("bad", [SAMPLES[::2], SAMPLES.astype(np.int32), SAMPLES.reshape(2, -1), b"ab", None])
def test_only_int16_vectors_are_encoded(encode: object, bad: object) -> None:
    with pytest.raises(TypeError):
        encode(bad)  # type: ignore[operator]


@pytest.mark.parametrize("decode", [alaw_decode, ulaw_decode])
def test_octets_come_in_any_buffer(decode: object) -> None:
    answers = {tuple(decode(kind(CODES.tobytes()))) for kind in (bytes, bytearray, memoryview)}  # type: ignore[operator]
    assert len(answers) == 1
    with pytest.raises(TypeError):
        decode("text")  # type: ignore[operator]
