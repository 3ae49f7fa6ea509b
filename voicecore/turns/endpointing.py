"""Decides how much silence ends the caller's turn, and says why."""

from __future__ import annotations

from dataclasses import dataclass

from voicecore.config import TurnSettings


@dataclass(frozen=True, slots=True)
class Wait:
    """Silence to wait for before the turn is taken, with the reasons in plain words."""

    ms: int
    reasons: tuple[str, ...]


def silence_to_wait(settings: TurnSettings, turn_probability: float | None, answered: bool | None) -> Wait:
    """The silence that commits a turn.

    ``turn_probability``: the turn model's belief 0..1 that the turn is complete, None while it is
    not known. ``answered``: whether the words so far fill the slot the dialogue waits for; None
    where the slot can't tell (an open question). The turn model alone only shortens the wait: on
    its own it lets through too many unfinished turns (FACTS of smart-turn: 0.56-0.61 rejected).
    """
    sure = turn_probability is not None and turn_probability >= settings.sure_probability
    if answered is False:
        return Wait(settings.commit_open_ms, ("the answer is not complete yet",))
    if answered and sure:
        return Wait(settings.commit_sure_ms, ("the answer is complete", "it sounds finished"))
    if answered:
        return Wait(settings.commit_answered_ms, ("the answer is complete",))
    if sure:
        return Wait(settings.commit_sounds_done_ms, ("it sounds finished",))
    return Wait(settings.commit_ms, ("nothing speaks for an end yet",))
