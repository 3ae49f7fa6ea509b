"""The duplex benchmark's measurement: synthetic recordings with known answers, windows to the sample."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.duplex.metrics import ANSWER_S, STOP_S, YIELD_S, Kind, Outcome, Sound, Verdict, judge, panel
from benchmarks.duplex.segments import AUDIBLE, PAUSE, Span, pauses, speech_segments
from voicecore.types import RATE, Pcm

END = 20 * RATE


def at(seconds: float) -> int:
    return round(seconds * RATE)


def speech(*spans: tuple[float, float], level: int = 8000, seconds: float = 4.0) -> Pcm:
    """A recording that is loud in ``spans`` (seconds), to the sample, and silent elsewhere."""
    pcm = np.zeros(at(seconds), np.int16)
    for start, end in spans:
        pcm[at(start) : at(end)] = level * (-1) ** np.arange(at(end) - at(start))
    return pcm


def spans(*seconds: tuple[float, float]) -> list[Span]:
    return [(at(start), at(end)) for start, end in seconds]


def sound(kind: Kind, start: float, end: float, *holes: tuple[float, float]) -> Sound:
    return Sound(kind, at(start), at(end), pauses=tuple(spans(*holes)))


def one(kind: Kind, start: float, end: float, *agent: tuple[float, float]) -> Verdict:
    return judge([sound(kind, start, end)], spans(*agent), END)[0]


class TestSegments:
    def test_to_the_sample(self) -> None:
        assert speech_segments(speech((0.5, 1.5), (2.0, 3.0))) == spans((0.5, 1.5), (2.0, 3.0))

    def test_a_silence_of_200_ms_ends_a_segment_and_a_shorter_one_does_not(self) -> None:
        gap = PAUSE / RATE
        assert len(speech_segments(speech((0.5, 1.0), (1.0 + gap, 2.0)))) == 2
        assert len(speech_segments(speech((0.5, 1.0), (1.0 + gap - 1 / RATE, 2.0)))) == 1

    def test_ducked_speech_is_speech(self) -> None:
        ducked = speech((0.5, 1.0)) + speech((1.0, 2.0), level=2000)
        assert speech_segments(ducked) == spans((0.5, 2.0))

    def test_what_is_too_soft_or_too_short_is_none(self) -> None:
        assert speech_segments(speech((0.5, 1.0), level=AUDIBLE - 1)) == []
        assert speech_segments(speech((0.5, 0.52))) == []
        assert speech_segments(np.zeros(0, np.int16)) == []

    def test_pauses_inside_a_turn(self) -> None:
        turn = speech((0.0, 0.4), (0.8, 1.2), (1.3, 2.0), seconds=2.0)
        assert pauses(turn) == spans((0.4, 0.8))
        assert pauses(np.zeros(0, np.int16)) == []


class TestTurns:
    def test_latency_is_from_the_end_of_the_turn_to_the_first_sound(self) -> None:
        verdict = one(Kind.TURN, 1.0, 2.0, (2.3, 5.0))
        assert verdict.outcome is Outcome.ANSWERED
        assert verdict.response_ms == pytest.approx(300)
        assert (verdict.awaits_response, verdict.intrusions, verdict.overlaps) == (True, 0, False)

    def test_an_answer_after_the_caller_spoke_again_is_none(self) -> None:
        two = [sound(Kind.TURN, 1.0, 2.0), sound(Kind.TURN, 4.0, 5.0)]
        first, second = judge(two, spans((5.5, 7.0)), END)
        assert (first.outcome, first.response_ms) == (Outcome.UNANSWERED, None)
        assert second.response_ms == pytest.approx(500)

    def test_an_answer_in_a_pause_is_a_false_cut_off(self) -> None:
        turn = sound(Kind.TURN, 1.0, 3.0, (1.8, 2.4))
        verdict = judge([turn], spans((2.2, 2.7), (3.4, 6.0)), END)[0]
        assert (verdict.outcome, verdict.cut_off, verdict.intrusions) == (Outcome.CUT_IN, True, 1)
        assert verdict.response_ms == pytest.approx(400)

    def test_speaking_before_the_pause_is_an_intrusion_but_no_cut_off(self) -> None:
        turn = sound(Kind.TURN, 1.0, 3.0, (1.8, 2.4))
        verdict = judge([turn], spans((1.5, 1.7)), END)[0]
        assert (verdict.intrusions, verdict.cut_off) == (1, False)

    def test_a_turn_that_ends_under_the_agents_speech_awaits_no_response(self) -> None:
        verdict = one(Kind.TURN, 1.0, 3.0, (2.5, 6.0))
        assert (verdict.awaits_response, verdict.response_ms) == (False, None)


class TestInterruptions:
    def test_yield_latency_is_from_its_start_to_the_agents_last_sound(self) -> None:
        verdict = one(Kind.INTERRUPTION, 2.0, 3.0, (0.0, 2.25), (3.5, 6.0))
        assert verdict.outcome is Outcome.YIELDED
        assert verdict.yielded_ms == pytest.approx(250)
        assert verdict.response_ms == pytest.approx(500)

    @pytest.mark.parametrize(("late", "yielded"), [(0, True), (1, False)])
    def test_the_window_is_two_seconds(self, late: int, yielded: bool) -> None:
        agent = [(0, at(2.0 + YIELD_S) + late)]
        verdict = judge([sound(Kind.INTERRUPTION, 2.0, 3.0)], agent, END)[0]
        assert (verdict.yielded_ms is not None) is yielded

    def test_no_yield(self) -> None:
        assert one(Kind.INTERRUPTION, 2.0, 3.0, (0.0, 9.0)).outcome is Outcome.SPOKE_ON


class TestSelectivity:
    @pytest.mark.parametrize("kind", [Kind.BACKCHANNEL, Kind.TIC, Kind.ASIDE])
    @pytest.mark.parametrize(("late", "correct"), [(0, False), (1, True)])
    def test_falling_silent_within_a_second_is_an_error(self, kind: Kind, late: int, correct: bool) -> None:
        agent = [(0, at(2.0 + STOP_S) + late)]
        assert judge([sound(kind, 2.0, 2.4)], agent, END)[0].correct is correct

    @pytest.mark.parametrize("kind", [Kind.TIC, Kind.ASIDE])
    @pytest.mark.parametrize(("late", "correct"), [(0, False), (1, True)])
    def test_answering_within_two_seconds_is_an_error(self, kind: Kind, late: int, correct: bool) -> None:
        agent = [(at(2.4 + ANSWER_S) + late, END)]
        assert judge([sound(kind, 2.0, 2.4)], agent, END)[0].correct is correct

    def test_stopping_later_is_told_apart_and_no_error(self) -> None:
        verdict = one(Kind.ASIDE, 2.0, 3.0, (0.0, 3.5))
        assert (verdict.outcome, verdict.correct) == (Outcome.LATE, True)


class TestPanel:
    def test_every_line_counts_what_it_says(self) -> None:
        sounds = [
            sound(Kind.TURN, 1.0, 2.0, (1.4, 1.6)),
            sound(Kind.BACKCHANNEL, 3.0, 3.2),
            sound(Kind.INTERRUPTION, 4.0, 5.0),
            sound(Kind.TIC, 6.0, 6.2),
            sound(Kind.ASIDE, 12.0, 13.0),
            sound(Kind.TURN, 16.0, 17.0),
        ]
        lines = panel(judge(sounds, spans((2.4, 4.3), (5.6, 6.5), (14.0, 15.0)), END))
        assert {name: line.value for name, line in lines.items()} == pytest.approx(
            {
                "L_R_p50_ms": 500,
                "L_R_p95_ms": 590,
                "L_Y_p50_ms": 300,
                "L_Y_p95_ms": 300,
                "response_rate": 2 / 3,
                "yield_rate": 1,
                "I_A": 0,
                "selectivity_backchannel": 1,
                "selectivity_vocal_tic": 0,
                "selectivity_non_directed": 0,
                "false_cutoff_rate": 0,
                "events": 6,
            }
        )
        assert lines["response_rate"].n == 3

    def test_what_a_synthetic_voice_says_has_no_latency_of_its_end(self) -> None:
        turn = replace(sound(Kind.TURN, 1.0, 2.0, (1.4, 1.6)), human=False)
        lines = panel(judge([turn], spans((1.7, 1.8), (2.4, 4.0)), END))
        assert (lines["L_R_p50_ms"].n, lines["false_cutoff_rate"].n) == (0, 0)
        assert (lines["response_rate"].value, lines["I_A"].value) == (1, 1)

    def test_nothing_to_count_is_no_number(self) -> None:
        lines = panel([])
        assert math.isnan(lines["yield_rate"].value)
        assert lines["L_R_p50_ms"].n == 0

    def test_a_backchannel_into_silence_does_not_count(self) -> None:
        assert panel(judge([sound(Kind.BACKCHANNEL, 1.0, 1.3)], [], END))["selectivity_backchannel"].n == 0
