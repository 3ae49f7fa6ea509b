"""Private words out of recordings."""

import numpy as np
import pytest

from voicecore.redaction import Finding, Redacted
from voicecore.redaction.silence import mute, silence_spans
from voicecore.types import RATE


def turn(number, who, *times):
    found = tuple(Finding("card", 1.0, 0, 1, t0, t1, "[CARD_1]") for t0, t1 in times)
    return Redacted(number, who, "", found)


def test_spans_are_padded_joined_in_order_and_of_one_side():
    turns = [
        turn(0, "caller", (5.0, 6.0), (0.02, 0.5)),
        turn(1, "agent", (7.0, 8.0)),
        turn(2, "caller", (6.05, 6.5)),
    ]
    assert silence_spans(turns, "caller") == ((0.0, 0.54), (4.96, 6.54))
    assert silence_spans(turns, "agent") == ((6.96, 8.04),)
    assert silence_spans([turn(0, "caller", (0.0, 0.0))], "caller") == ()


def test_muted_samples_are_silent_and_others_untouched():
    pcm = np.arange(1, RATE + 1, dtype=np.int16)
    out = mute(pcm, ((0.25, 0.5), (0.9, 3.0)))
    assert not out[RATE // 4 : RATE // 2].any()
    assert not out[round(0.9 * RATE) :].any()
    kept = np.r_[0 : RATE // 4, RATE // 2 : round(0.9 * RATE)]
    assert np.array_equal(out[kept], pcm[kept])
    assert pcm.all()


@pytest.mark.parametrize("rate", [8000, RATE])
def test_a_tone_takes_the_place_of_words(rate):
    out = mute(np.full(rate, 30_000, dtype=np.int16), ((0.0, 1.0),), rate, tone_hz=400.0)
    spectrum = np.abs(np.fft.rfft(out))
    assert np.argmax(spectrum) == 400
    assert np.abs(out).max() == pytest.approx(1500, abs=5)
