"""What a sound over the agent's speech is taken for: a table of cases."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from voicecore.config import TurnSettings
from voicecore.turns.overlap import Judgement, Kind, Overlap, for_us, judge

SETTINGS = TurnSettings()
CLAIM, LISTENER, ROOM, COUGH = (
    (0.97, 0.01, 0.01, 0.01),
    (0.02, 0.94, 0.02, 0.02),
    (0.03, 0.03, 0.92, 0.02),
    (0.02, 0.01, 0.01, 0.96),
)
UNSURE = (0.4, 0.4, 0.1, 0.1)
LIKELY = (0.82, 0.1, 0.04, 0.04)


def sound(kinds=UNSURE, run_ms=200, gap_ms=0, **more) -> Overlap:
    usual: dict[str, Any] = {"over_usual_db": math.nan, "speech": 0.99, "echo": 0.0, "words": ""}
    usual |= {"agent_remaining_ms": math.inf, "agent_into_ms": 1500.0}
    return Overlap(kinds=kinds, run_ms=run_ms, gap_ms=gap_ms, **(usual | more))


OVER = {"run_ms": 240, "gap_ms": 200}


@pytest.mark.parametrize(
    ("evidence", "kind"),
    [
        (sound(CLAIM, 60), None),
        (sound(CLAIM, 140), Kind.INTERRUPTION),
        (sound(LIKELY, 140), None),
        (sound(LIKELY, 360), Kind.INTERRUPTION),
        (sound(UNSURE, 360), None),
        (sound(UNSURE, 1500), Kind.INTERRUPTION),
        (sound(ROOM, 1500), None),
        (sound(LISTENER, 400), None),
        (sound(LISTENER, **OVER), Kind.BACKCHANNEL),
        (sound(ROOM, **OVER), Kind.ASIDE),
        (sound(COUGH, **OVER), Kind.NOISE),
        (sound(CLAIM, 140, echo=0.9), Kind.ECHO),
        (sound(UNSURE, 200, words="wait"), Kind.INTERRUPTION),
        (sound(LISTENER, 300, words="no stop"), None),
        (sound(UNSURE, 200, words="yeah okay"), None),
        (sound(UNSURE, words="Yeah, okay.", **OVER), Kind.BACKCHANNEL),
        (sound(UNSURE, words="one second", **OVER), Kind.ASIDE),
        (sound(None, 300), None),
        (sound(None, 1500), Kind.INTERRUPTION),
        (sound(None, **OVER), Kind.BACKCHANNEL),
    ],
)
def test_judged_by_what_is_known(evidence: Overlap, kind: Kind | None) -> None:
    judgement = judge(SETTINGS, evidence)
    assert judgement.kind is kind
    assert bool(judgement.reasons) == (kind is not None)


@pytest.mark.parametrize("words", ["", "yes"])
def test_a_listener_over_the_last_words_answers(words: str) -> None:
    late = sound(LISTENER, agent_remaining_ms=500, words=words, **OVER)
    assert judge(SETTINGS, late).kind is Kind.ANSWER
    assert judge(SETTINGS, replace(late, agent_remaining_ms=2000)).kind is Kind.BACKCHANNEL


def test_less_and_less_certainty_is_asked_for() -> None:
    first = [
        next(ms for ms in range(0, 3000, 20) if judge(SETTINGS, sound((p, *3 * [(1 - p) / 3]), ms)).kind)
        for p in (0.99, 0.85, 0.7, 0.6, 0.1)
    ]
    assert first == sorted(first)
    assert first[0] <= 120
    assert first[-1] > 400


def test_a_faint_sound_is_rather_an_aside() -> None:
    maybe = sound((0.85, 0.02, 0.11, 0.02), 360)
    assert judge(SETTINGS, maybe).kind is Kind.INTERRUPTION
    assert judge(SETTINGS, replace(maybe, over_usual_db=2.0)).kind is Kind.INTERRUPTION
    assert judge(SETTINGS, replace(maybe, over_usual_db=-12.0)).kind is None
    assert judge(SETTINGS, replace(maybe, over_usual_db=-12.0, gap_ms=200)).kind is Kind.ASIDE


def test_loud_noise_without_speech_never_stops_the_agent() -> None:
    bang = sound(UNSURE, 1500, speech=0.1)
    assert judge(SETTINGS, bang).kind is not Kind.INTERRUPTION


@pytest.mark.parametrize("words", ["yes", "no", "two", "bill", "um two"])
@pytest.mark.parametrize("kinds", [CLAIM, LISTENER, ROOM, UNSURE, (0.05, 0.05, 0.1, 0.8), None])
@pytest.mark.parametrize("over_usual_db", [math.nan, 0.0, -6.0])
def test_a_short_reply_in_silence_is_a_turn(words: str, kinds, over_usual_db: float) -> None:
    evidence = sound(kinds, words=words, over_usual_db=over_usual_db, **OVER)
    assert for_us(SETTINGS, evidence).kind is Kind.ANSWER


@pytest.mark.parametrize(
    ("evidence", "kind"),
    [
        (sound(COUGH, **OVER), Kind.NOISE),
        (sound(COUGH, words="um", **OVER), Kind.NOISE),
        (sound(COUGH, words="two", **OVER), Kind.NOISE),
        (sound(ROOM, over_usual_db=-14.0, **OVER), Kind.ASIDE),
        (sound(ROOM, over_usual_db=0.0, **OVER), Kind.ANSWER),
        (sound(UNSURE, **OVER), Kind.ANSWER),
        (sound(LISTENER, words="Hold on.", **OVER), Kind.ASIDE),
        (sound(CLAIM, words="just a minute please", **OVER), Kind.ASIDE),
        (sound(CLAIM, words="hold on that is wrong", **OVER), Kind.ANSWER),
    ],
)
def test_sounds_in_silence(evidence: Overlap, kind: Kind) -> None:
    assert for_us(SETTINGS, evidence).kind is kind


def test_an_undecided_sound_has_no_kind() -> None:
    assert judge(SETTINGS, sound(UNSURE, 120)) == Judgement(None)
