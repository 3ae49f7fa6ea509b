"""Makes sense of what the caller said, given what was asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from voicecore.dialogue.answers import asks_open, on_asking, on_checking, on_choosing
from voicecore.dialogue.approvals import on_changing, on_confirming, on_offering
from voicecore.dialogue.commands import Command, find_command
from voicecore.dialogue.repair import is_only_present, miss
from voicecore.dialogue.state import (
    Answering,
    Asking,
    Calling,
    Changing,
    Checking,
    Choosing,
    Confirming,
    Disambiguating,
    Ended,
    Offering,
    Proposing,
    Routing,
    Waiting,
)
from voicecore.dialogue.steering import GRAVE, hardly_heard, obey
from voicecore.dialogue.turn import Turn
from voicecore.dialogue.wishes import on_disambiguating, on_proposing, on_routing


def heard(turn: Turn) -> None:
    """Handle the caller's words."""
    words = turn.words
    open_slot = asks_open(turn)
    command = find_command(words, turn.world.agent.persona.commands)
    if command not in GRAVE and hardly_heard(turn):
        command = None
    waiting = turn.state.waiting
    leaving = command in ("operator", "goodbye")
    if isinstance(waiting, Ended) or (isinstance(waiting, Answering) and not leaving):
        turn.say(turn.manner("busy"))
    elif isinstance(waiting, Calling):
        _while_calling(turn, waiting, command)
    elif command is not None and (not open_slot or len(words) <= 3):
        obey(turn, command)
    elif is_only_present(turn):
        return
    elif not words:
        miss(turn)
    else:
        _HEARD[type(waiting)](turn)


def _while_calling(turn: Turn, waiting: Calling, command: Command | None) -> None:
    """The caller speaks while a tool runs: leaving is honoured afterwards."""
    if command in ("operator", "goodbye"):
        turn.set(waiting=replace(waiting, wish=command))
    turn.say(turn.manner("busy"))


_HEARD: dict[type[Waiting], Callable[[Turn], None]] = {
    Routing: on_routing,
    Disambiguating: on_disambiguating,
    Asking: on_asking,
    Checking: on_checking,
    Choosing: on_choosing,
    Confirming: on_confirming,
    Changing: on_changing,
    Offering: on_offering,
    Proposing: on_proposing,
}
