"""Audible latency on constructed recordings, to 2 ms."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest

from voicecore.errors import VoicecoreError
from voicecore.simulation import SpokenLine
from voicecore.simulation.measure import audible_runs, break_down, measure
from voicecore.types import RATE, TurnTrace

MS = RATE / 1000


class Tape:
    """Two channels on which sounds are laid by their time in milliseconds."""

    def __init__(self, ms: float, tone) -> None:
        self.caller = np.zeros(round(ms * MS), np.int16)
        self.agent = np.zeros(round(ms * MS), np.int16)
        self.lines: list[SpokenLine] = []
        self._tone = tone

    def says(self, start: float, end: float, text: str = "hello", kind: str = "speech") -> None:
        self._lay(self.caller, start, end)
        self.lines.append(SpokenLine(len(self.lines), kind, text, round(start * MS), round(end * MS)))

    def presses(self, start: float, end: float, digits: str) -> None:
        self.lines.append(SpokenLine(len(self.lines), "dtmf", digits, round(start * MS), round(end * MS)))

    def answers(self, start: float, end: float, amplitude: int = 6000) -> None:
        self._lay(self.agent, start, end, amplitude)

    def _lay(self, channel, start: float, end: float, amplitude: int = 8000) -> None:
        pcm = self._tone(end - start, amplitude)
        channel[round(start * MS) : round(start * MS) + len(pcm)] = pcm

    def measured(self, *traces: TurnTrace):
        return measure(self.caller, self.agent, self.lines, [asdict(trace) for trace in traces])


@pytest.mark.parametrize("gap_ms", [37.0, 250.0, 1234.5])
@pytest.mark.parametrize("noise", [0, 30])
def test_latency_is_end_of_voice_to_first_sound(tone, gap_ms: float, noise: int) -> None:
    tape = Tape(6000, tone)
    tape.answers(100, 900)
    tape.says(1200, 2000)
    tape.answers(2000 + gap_ms, 4000)
    hiss = np.random.default_rng(1).normal(0, noise, (2, len(tape.caller)))
    turns = measure(
        (tape.caller + hiss[0]).astype(np.int16), (tape.agent + hiss[1]).astype(np.int16), tape.lines
    )
    assert turns[0].latency_ms == pytest.approx(gap_ms, abs=2)
    assert (turns[0].cut_off, turns[0].silent_ms, turns[0].overlap_ms) == (False, None, 0)


def test_a_quiet_tail_belongs_to_the_line(tone) -> None:
    tape = Tape(3000, tone)
    tape.says(100, 1000)
    fade = np.linspace(1, 0.04, round(200 * MS))
    tape.caller[round(800 * MS) : round(1000 * MS)] = (tone(200) * fade).astype(np.int16)
    tape.answers(1500, 2000)
    assert tape.measured()[0].latency_ms == pytest.approx(500, abs=2)


def test_an_answer_inside_the_line_is_a_cut_off_not_a_latency(tone) -> None:
    tape = Tape(6000, tone)
    tape.says(1000, 1400)
    tape.caller[round(1400 * MS) : round(2600 * MS)][round(700 * MS) :] = tone(500)
    tape.lines[0] = SpokenLine(0, "speech", "one pause two", round(1000 * MS), round(2600 * MS))
    tape.answers(1900, 2500)
    (turn,) = tape.measured()
    assert (turn.cut_off, turn.latency_ms, turn.answer) == (True, None, None)
    assert turn.overlap_ms == pytest.approx(600, abs=2)


def test_interruption_measures_how_long_the_agent_goes_on(tone) -> None:
    tape = Tape(8000, tone)
    tape.answers(500, 3180)
    tape.says(3000, 3900, kind="interruption")
    tape.answers(4300, 5000)
    (turn,) = tape.measured()
    assert (turn.kind, turn.cut_off) == ("interruption", False)
    assert turn.silent_ms == pytest.approx(180, abs=2)
    assert turn.overlap_ms == pytest.approx(180, abs=2)
    assert turn.latency_ms == pytest.approx(400, abs=2)


def test_talking_through_an_interruption_shows(tone) -> None:
    tape = Tape(8000, tone)
    tape.answers(500, 6000)
    tape.says(3000, 3900, kind="interruption")
    (turn,) = tape.measured()
    assert turn.silent_ms == pytest.approx(3000, abs=2)
    assert turn.latency_ms is None


def test_a_line_that_is_elsewhere_makes_the_recording_worthless(tone) -> None:
    tape = Tape(3000, tone)
    tape.says(1000, 1500)
    tape.lines[0] = SpokenLine(0, "speech", "hello", round(1020 * MS), round(1520 * MS))
    with pytest.raises(VoicecoreError, match="recording-mismatch"):
        tape.measured()


def trace(index: int, start: float, end: float, text: str, played: float, **more) -> TurnTrace:
    """An account of a turn, on the recording's clock."""
    times = {
        "speech_start": start,
        "speech_end": end,
        "commit": end + 0.3,
        "asr_final": end + 0.25,
        "planned": end + 0.32,
        "tts_first": end + 0.35,
        "queued": end + 0.36,
        "played": played,
    }
    return TurnTrace(index, caller_text=text, agent_text=f"answer {index}", times=times, **more)


def test_traces_tell_what_was_recognised_and_where_the_time_went(tone) -> None:
    tape = Tape(20_000, tone)
    tape.answers(300, 900)
    tape.says(1200, 2000, "two seven one")
    tape.answers(2500, 3000)
    tape.says(3500, 4100, "yes")
    tape.answers(4650, 6000)
    tape.presses(6500, 7500, "4711")
    tape.answers(8000, 8600)
    turns = tape.measured(
        TurnTrace(0, by="start", times={"played": 0.15}),
        trace(1, 1.27, 2.05, "two seven nine", 2.43),
        trace(2, 3.57, 4.15, "yes", 4.57),
        TurnTrace(3, caller_text="4711", by="dtmf", times={"speech_start": 7.4, "played": 7.9}),
    )
    assert [turn.recognised for turn in turns] == ["two seven nine", "yes", "4711"]
    assert [step for step in turns[0].edits if step[0] != step[1]] == [("one", "nine")]
    assert [turn.trace.index for turn in turns if turn.trace] == [1, 2, 3]
    first = turns[0]
    assert first.latency_ms == pytest.approx(500, abs=2)
    assert sum(first.stages.values()) == pytest.approx(first.latency_ms)
    assert first.stages["wait"] == pytest.approx(300, abs=0.1)
    assert first.stages["asr"] == 0
    assert first.stages["rest"] == pytest.approx(500 - 380, abs=2)


def test_a_line_taken_for_two_turns_keeps_all_its_words(tone) -> None:
    tape = Tape(20_000, tone)
    tape.says(1000, 2000, "one two three")
    tape.answers(2600, 3000)
    tape.says(3500, 4100, "yes")
    tape.answers(4650, 6000)
    turns = tape.measured(
        trace(1, 1.05, 1.4, "one", 1.9),
        trace(2, 1.7, 2.05, "two three", 2.53),
        trace(3, 3.55, 4.15, "yes", 4.57),
    )
    assert [turn.recognised for turn in turns] == ["one two three", "yes"]
    assert turns[0].trace is not None
    assert turns[0].trace.index == 2


def test_work_done_while_waiting_costs_nothing() -> None:
    times = {
        "speech_end": 1.0,
        "asr_final": 1.2,
        "planned": 1.25,
        "commit": 1.3,
        "tool_start": 1.32,
        "tool_end": 1.5,
        "tts_first": 1.51,
        "played": 1.54,
    }
    stages = break_down(TurnTrace(1, times=times), 650)
    assert stages == pytest.approx(
        {"wait": 300, "asr": 0, "plan": 20, "tool": 180, "tts": 10, "playout": 30, "rest": 110}
    )


def test_a_trace_without_an_end_of_speech_is_not_broken_down() -> None:
    assert break_down(TurnTrace(1, times={"played": 1.0}), 500) == {}


def test_an_account_of_more_time_than_passed_is_not_believed() -> None:
    times = {"speech_end": 1.0, "commit": 1.7, "played": 1.8}
    assert break_down(TurnTrace(1, times=times), 50) == {}


def test_a_wait_that_began_within_speech_counts_from_its_end() -> None:
    times = {"speech_end": 1.0, "commit": 1.7, "played": 1.8}
    stages = break_down(TurnTrace(1, times=times), 650)
    assert (stages["wait"], stages["playout"], stages["rest"]) == pytest.approx((550, 100, 0))


def test_clicks_are_not_utterances(tone) -> None:
    pcm = np.zeros(RATE, np.int16)
    pcm[100] = 20_000
    pcm[8000:9600] = tone(100)
    assert audible_runs(pcm) == [(8000, 9600)]
