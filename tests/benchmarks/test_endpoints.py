"""The arithmetic of the end-of-turn benchmark, on toy spans and made-up turns."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.endpoints.bench import BUDGETS_MS, plots
from benchmarks.endpoints.pauses import Pause
from benchmarks.endpoints.policies import Heard, joined, scored, silences
from benchmarks.endpoints.sweep import Point, Spans, cutoff_at, detector, fixed, frontier, latency_at, timing
from benchmarks.endpoints.turns import STEP, Turn, speech_spans
from benchmarks.figures import figure
from voicecore.config import TurnSettings
from voicecore.types import RATE

TOY = Spans(
    hold_s=np.array([0.3, 0.5, 0.9, 0.0]),
    hold_p=np.array([0.1, 0.2, 0.8, 0.0]),
    late_s=np.array([0.05, -0.05]),
    end_p=np.array([0.9, 0.4]),
)


def test_a_fixed_silence_cuts_what_pauses_longer() -> None:
    assert fixed(TOY, 0.4) == Point(0.5, pytest.approx(0.4))
    assert fixed(TOY, 1.0) == Point(0.0, pytest.approx(1.0))


def test_latency_is_never_negative() -> None:
    assert fixed(TOY, 0.02).latency_s == pytest.approx((0.07 + 0) / 2)


def test_a_detector_acts_after_its_delay_or_its_timeout() -> None:
    """At 0.5 the hold of 0.9 s and the first end are judged complete; the other end waits for the timeout."""
    points = detector(TOY, 0.2)
    assert any(
        p.cutoff == 0.25 and p.latency_s == pytest.approx((0.05 + 0.2 - 0.05 + 0.95) / 2) for p in points
    )


def test_a_model_that_knows_beats_timing() -> None:
    knowing = Spans(np.array([0.3, 0.9]), np.array([0.1, 0.1]), np.zeros(2), np.array([0.9, 0.9]))
    assert latency_at(detector(knowing, 0.2), 0.0) == pytest.approx(0.2)
    assert latency_at(timing(knowing), 0.0) == pytest.approx(0.9)


def test_budgets_are_read_off_the_points() -> None:
    points = [Point(0.5, 0.2), Point(0.2, 0.4), Point(0.3, 0.5), Point(0.0, 1.0)]
    assert cutoff_at(points, 0.3) == 0.5
    assert cutoff_at(points, 0.5) == 0.2
    assert math.isnan(cutoff_at(points, 0.1))
    assert latency_at(points, 0.25) == 0.4
    assert math.isnan(latency_at(points[:1], 0.1))
    assert frontier(points) == [points[0], points[1], points[3]]


def pause(start: float, stop: float | None, **known: object) -> Pause:
    ticks = 150 if stop is None else round((stop - start) / 0.02)
    facts = {"truth_s": 0.0, "inserted": False, "late_s": start - 3.0, "snr_db": 40.0, "digits": 0} | known
    return Pause(start=start, stop=stop, scores={"m": 0.5}, speech=(0.0,) * ticks, **facts)


def heard(*pauses: Pause, holds=(), digits=()) -> Heard:
    kind = "digits" if digits else "natural"
    return Heard(Turn("v", kind, "n", np.zeros(0, np.int16), holds, 3.0, digits), None, pauses)


def test_every_silence_is_a_decision() -> None:
    """A true pause that was heard, one that was not, silence inside a word, and the end."""
    turn = heard(
        pause(1.0, 1.4, truth_s=0.4), pause(2.0, 2.3), pause(3.0, None), holds=((1.0, 1.4), (1.7, 1.95))
    )
    decisions = silences([turn], 0.2)
    assert sorted(d.length_s for d in decisions) == pytest.approx([0.0, 0.3, 0.4, math.inf])
    spans = scored(decisions, "m")
    assert sorted(spans.hold_s) == pytest.approx([0.0, 0.3, 0.4])
    assert sorted(spans.hold_p) == [0.0, 0.5, 0.5]


def test_brief_pauses_count_from_the_length_that_is_asked_for() -> None:
    turn = heard(pause(1.0, 1.15, truth_s=0.15), pause(3.0, None), holds=((1.0, 1.15),))
    assert len(silences([turn], 0.2)) == 1
    assert len(silences([turn], 0.1)) == 2


def test_the_end_of_a_turn_that_is_not_heard_is_a_pause_too() -> None:
    decisions = silences([heard(pause(2.5, None))], 0.2)
    assert [d.length_s for d in decisions] == pytest.approx([0.5, math.inf])


def test_missing_digits_are_waited_for_and_the_last_one_is_not() -> None:
    said = (0.5, 1.0, 2.5, 3.0)
    turn = heard(
        pause(1.0, 1.8, truth_s=0.8, digits=2), pause(3.0, None, digits=4), holds=((1.0, 1.8),), digits=said
    )
    decisions = silences([turn], 0.2)
    knowing = joined(decisions, TurnSettings(), "m")
    assert knowing.cut.tolist() == [0.0]
    assert knowing.latency_s[0] < 0.2
    guessing = joined(decisions, TurnSettings(), "m", slots=False)
    assert guessing.latency_s[0] > knowing.latency_s[0]


def test_outcomes_can_be_told_apart() -> None:
    outcome = joined(
        silences([heard(pause(1.0, 3.0, truth_s=2.0), pause(3.0, None), holds=((1.0, 3.0),))], 0.2),
        TurnSettings(),
        "m",
    )
    assert outcome.cut.tolist() == [1.0]
    assert outcome.of(lambda d: math.isinf(d.length_s)).cut.tolist() == []
    assert len(outcome.of(lambda d: math.isinf(d.length_s)).latency_s) == 1


def test_pauses_are_found_by_level() -> None:
    rng = np.random.default_rng(1)
    loud = (rng.normal(0, 3000, RATE // 2)).astype(np.int16)
    quiet = (rng.normal(0, 10, RATE // 4)).astype(np.int16)
    click = np.concatenate([quiet, loud[:STEP], quiet])
    spans = speech_spans(np.concatenate([quiet, loud, quiet, loud, click]))
    assert np.array(spans) == pytest.approx(np.array([[0.25, 0.75], [1.0, 1.5]]), abs=0.02)


def test_a_budget_that_nothing_keeps_is_not_drawn() -> None:
    figures = [
        figure(f"false_cutoff_rate{suffix}_at_{budget}ms", None if budget < 500 else 0.1, "share", 10)
        for suffix in ("", "_model_alone", "_smart_turn", "_vad")
        for budget in BUDGETS_MS
    ]
    voices = [
        figure(f"false_cutoff_rate_at_300ms_{voice}", value, "share", 9)
        for voice, value in (("ann", 0.2), ("bob", None))
    ]
    curve, by_voice = plots([*figures, *voices])
    for line in ("appliance", "its turn model alone", "smart-turn alone", "voice activity alone"):
        assert line in curve.markup
    assert "ann" in by_voice.markup
    assert "bob" not in by_voice.markup
