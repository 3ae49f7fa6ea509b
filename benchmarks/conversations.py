"""Whole conversations with the billing example over SIP: audible latency by stage, and the task's outcome."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

from voicecore.demo import EXAMPLE, Conversation, hold_conversation
from voicecore.simulation import load_script
from voicecore.types import AudibleTurn

SCRIPTS = ("main", "changes_mind", "interrupts", "dtmf")
ENOUGH_TURNS = 30
_MOST_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class Conversations:
    """All conversations of a run, each with an appliance and a back-end of its own."""

    held: tuple[Conversation, ...]

    @property
    def turns(self) -> tuple[AudibleTurn, ...]:
        return tuple(turn for conversation in self.held for turn in conversation.turns)

    @property
    def answered(self) -> int:
        return sum(turn.latency_ms is not None for turn in self.turns)


def hold() -> Conversations:
    """Every caller script in turn, again until at least ``ENOUGH_TURNS`` turns were answered."""
    held: list[Conversation] = []
    for _ in range(_MOST_ROUNDS):
        for name in SCRIPTS:
            held.append(asyncio.run(_one(name)))
        if Conversations(tuple(held)).answered >= ENOUGH_TURNS:
            break
    return Conversations(tuple(held))


async def _one(name: str) -> Conversation:
    with tempfile.TemporaryDirectory(prefix="voicecore-") as folder:
        return await hold_conversation(Path(folder), load_script(EXAMPLE / "callers" / f"{name}.yaml"))
