"""The scripted audio caller: says its sounds when their moment has come, and knows where they lie."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.duplex.caller import LEAD, Caller
from benchmarks.duplex.metrics import Kind
from benchmarks.duplex.script import CONDITIONS, Clip, Condition, Script, Step, full_script
from benchmarks.duplex.segments import speech_segments
from voicecore.types import RATE, TICK, TICK_MS, MediaFrame, Pcm

VOICE = np.full(TICK, 4000, np.int16)
SILENCE = np.zeros(TICK, np.int16)


def clip(kind: Kind, seconds: float = 0.5, level: int = 3000) -> Clip:
    return Clip(kind, kind.value, "somebody", np.full(round(seconds * RATE), level, np.int16))


def script(*steps: tuple[Kind, str, float], spares: int = 3, condition: Condition = CONDITIONS[0]) -> Script:
    made = tuple(Step(clip(kind), during, after) for kind, during, after in steps)  # type: ignore[arg-type]
    return Script("test", "somebody", condition, made, (clip(Kind.TURN),) * spares, "open", 1)


class Line:
    """A call with a pretend agent: speaks for ``reply_s``, 0.3 s after each turn of the caller's."""

    def __init__(self, caller: Caller, reply_s: float = 7.0, answers: bool = True) -> None:
        self.caller = caller
        self.queue = np.zeros(0, np.int16)
        self.played = 0
        self._answers = answers
        self._reply_ticks = self._left = round(reply_s * 1000 / TICK_MS)
        self._loud = self._quiet = 0

    def run(self, seconds: float) -> Caller:
        for _ in range(round(seconds * 1000 / TICK_MS)):
            if self.caller.over:
                break
            self.tick()
        return self.caller

    def tick(self) -> None:
        sent = self.queue[:TICK]
        self.queue, self.played = self.queue[TICK:], self.played + len(sent)
        sent = np.concatenate([sent, SILENCE[len(sent) :]])
        loud = bool(np.abs(sent).max() > 1000)
        self._loud, self._quiet = (self._loud + 1, 0) if loud else (self._loud, self._quiet + 1)
        if self._answers and self._loud and self._quiet == 15:
            self._loud, self._left = 0, self._reply_ticks
        heard = VOICE if self._left > 0 else SILENCE
        self._left -= 1
        frame = MediaFrame(heard, sent, self.played, self.caller.recorder.samples)
        self.queue = np.concatenate([self.queue, self.caller.step(frame)])


def test_sounds_lie_where_they_were_sent() -> None:
    line = Line(Caller(script((Kind.BACKCHANNEL, "speech", 1.0), (Kind.TURN, "silence", 0.5)), None))
    caller = line.run(30)
    sent: Pcm = np.concatenate(caller.recorder._sent)
    for sound in caller.sounds():
        assert np.all(sent[sound.start : sound.end] == 3000)
        assert sent[sound.start - 1] == sent[sound.end] == 0
    assert [sound.kind for sound in caller.sounds()] == [Kind.BACKCHANNEL, Kind.TURN]


def test_over_speech_means_so_long_after_the_reply_began() -> None:
    caller = Line(Caller(script((Kind.BACKCHANNEL, "speech", 1.0)), None)).run(10)
    assert caller.sounds()[0].start / RATE == pytest.approx(1.0 + LEAD / RATE, abs=0.05)


def test_in_silence_means_after_the_agent_fell_silent() -> None:
    caller = Line(Caller(script((Kind.TIC, "silence", 0.6)), None)).run(15)
    assert caller.sounds()[0].start / RATE == pytest.approx(7.0 + 0.6 + LEAD / RATE, abs=0.05)


def test_nothing_is_said_over_the_last_words_of_a_reply() -> None:
    caller = Line(Caller(script(*[(Kind.BACKCHANNEL, "speech", 0.5)] * 8), None)).run(60)
    starts = [sound.start / RATE for sound in caller.sounds() if sound.kind is Kind.BACKCHANNEL]
    turns = [sound.end / RATE for sound in caller.sounds() if sound.kind is Kind.TURN]
    assert len(starts) == 8
    for start in starts:
        since = min(start - began for began in (0.0, *turns) if began <= start)
        assert since < 7.0 - 1.0


def test_a_silent_agent_is_prompted_by_a_spare_turn_and_given_up_when_none_is_left() -> None:
    caller = Line(Caller(script((Kind.BACKCHANNEL, "speech", 1.0), spares=2), None), 0.0, False).run(60)
    assert [sound.kind for sound in caller.sounds()] == [Kind.TURN, Kind.TURN]
    assert caller.over
    assert len(caller.rest.steps) == 1


def test_the_last_answer_is_recorded() -> None:
    caller = Line(Caller(script((Kind.TURN, "silence", 0.5)), None)).run(30)
    heard: Pcm = np.concatenate(caller.recorder._heard)
    (turn,) = caller.sounds()
    (answer,) = (span for span in speech_segments(heard) if span[0] > turn.end)
    assert answer[0] - turn.end == pytest.approx(0.3 * RATE, abs=0.05 * RATE)


def test_the_same_call_twice_is_the_same() -> None:
    steps = [(Kind.INTERRUPTION, "speech", 1.0), (Kind.ASIDE, "silence", 0.7), (Kind.TURN, "silence", 0.5)]
    one, two = (Line(Caller(script(*steps), None)).run(40).sounds() for _ in range(2))
    assert one == two


def test_noise_is_on_the_line_throughout() -> None:
    noise = np.arange(-500, 500, dtype=np.int16)
    caller = Line(Caller(script((Kind.TURN, "silence", 0.5)), noise)).run(10)
    sent: Pcm = np.concatenate(caller.recorder._sent)[TICK * 2 :]
    assert np.abs(sent.astype(int)).reshape(-1, TICK).max(axis=1).min() > 100


def test_a_script_depends_on_its_seed_alone() -> None:
    turns = [Clip(Kind.TURN, f"turn {n}", "v", np.full(RATE, n, np.int16)) for n in range(20)]
    others: dict[Kind, list[Clip]] = {
        kind: [clip(kind, 0.1 * (n + 1)) for n in range(8)] for kind in Kind if kind is not Kind.TURN
    }

    def names(seed: int) -> list[tuple[int, float]]:
        made = full_script("v", CONDITIONS[0], turns, others, seed)
        return [(len(step.clip.pcm), step.after_s) for step in made.steps]

    assert names(1) == names(1) != names(2)
