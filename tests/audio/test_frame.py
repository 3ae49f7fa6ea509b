"""The framer loses nothing and cuts where it should, whatever the chunks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecore.audio import Framer


@given(
    frame=st.sampled_from([1, 160, 256, 320]),
    dtype=st.sampled_from([np.int16, np.float32]),
    sizes=st.lists(st.integers(0, 1500), max_size=10),
)
def test_frames_are_the_stream_cut_in_pieces(frame: int, dtype: type, sizes: list[int]) -> None:
    stream = np.arange(sum(sizes)).astype(dtype)
    framer = Framer(frame, dtype)
    got = [framer.process(piece) for piece in np.split(stream, np.cumsum(sizes))]
    frames = np.concatenate(got)
    whole = len(stream) // frame * frame
    assert frames.dtype == dtype
    assert frames.tolist() == stream[:whole].reshape(-1, frame).tolist()
    assert framer.pending == len(stream) - whole
    last = framer.flush()
    assert last.ravel()[: len(stream) - whole].tolist() == stream[whole:].tolist()
    assert not last.ravel()[len(stream) - whole :].any()
    assert (len(last), framer.pending) == (min(len(stream) - whole, 1), 0)


def test_reset_drops_what_is_pending() -> None:
    framer = Framer(4)
    framer.process(np.ones(3, np.int16))
    framer.reset()
    assert framer.process(np.arange(4, dtype=np.int16)).tolist() == [[0, 1, 2, 3]]


@pytest.mark.parametrize("frame", [0, -1, 2**21])
def test_the_size_is_checked(frame: int) -> None:
    with pytest.raises(ValueError, match="frame"):
        Framer(frame)


def test_the_dtype_is_checked() -> None:
    with pytest.raises(ValueError, match="dtype"):
        Framer(320, np.float64)
    for bad in (
        np.zeros(4, np.float32),
        np.zeros((2, 2), np.int16),
        np.zeros(8, np.int16)[::2],
        b"0000",
        None,
    ):
        with pytest.raises(TypeError):
            Framer(320).process(bad)  # type: ignore[arg-type]
