"""How long the windows are."""

from __future__ import annotations

import pytest

from models.asr_whisper.windows import Windows
from voicecore.errors import ConfigError


@pytest.mark.parametrize(
    ("sound", "final", "frames"),
    [
        (0, False, 500),
        (400, False, 500),
        (401, False, 1000),
        (401, True, 1000),
        (100, True, 1000),
        (950, True, 1500),
        (1500, True, 3000),
        (2950, True, 3000),
        (3000, False, 3000),
    ],
)
def test_the_shortest_that_leaves_a_margin(sound, final, frames):
    assert Windows().choose(sound, final) == frames


def test_thirty_seconds_are_always_there():
    assert Windows((4,), margin_s=0, final_s=0).choose(401, final=True) == 3000


def test_more_than_thirty_seconds_are_refused():
    with pytest.raises(ValueError, match="30 s"):
        Windows().choose(3001, final=False)


@pytest.mark.parametrize("sizes", [(), (0.5,), (10, 5), (5, 5), (31,), (2.01,)])
def test_sizes_are_checked(sizes):
    with pytest.raises(ConfigError) as failure:
        Windows(sizes)
    assert failure.value.code == "bad-windows"
