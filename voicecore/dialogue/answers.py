"""Makes sense of an answer to a question about a slot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from voicecore.dialogue.filling import ask_anew, changed_slots, fill, take, take_back, take_second_best
from voicecore.dialogue.phrases import cued, named_slots, says_no, which, yes_or_no
from voicecore.dialogue.prompts import differing_digit, prompt
from voicecore.dialogue.readings import Reading, patch_digits, read_slot, read_slots
from voicecore.dialogue.repair import miss, understood, yes_is_void
from voicecore.dialogue.schema import Ask
from voicecore.dialogue.state import (
    Asking,
    Checking,
    Choosing,
)
from voicecore.dialogue.turn import Turn
from voicecore.dialogue.wishes import follow, pursue

CLEAR = 0.8
"""The score of a wish that outweighs a value in the same words."""


def on_asking(turn: Turn) -> None:
    waiting = cast(Asking, turn.state.waiting)
    slots = turn.world.agent.slots
    wanted = {name: slots[name] for name in (waiting.slot, *waiting.also)}
    readings = read_slots(wanted, turn.text, turn.world.today)
    main = readings.get(waiting.slot)
    if main is not None and main.problem == "short" and 2 * (main.span[1] - main.span[0]) < len(turn.words):
        del readings[waiting.slot]
        main = None
    if _take_back(turn, main) or _sidestep(turn, readings):
        return
    if readings:
        take(turn, waiting, readings)
    elif not pursue(turn, instead=cued(turn.words)) and (turn.sure or not take_second_best(turn, waiting)):
        miss(turn)


def asks_open(turn: Turn) -> bool:
    """Whether any words are an answer now."""
    waiting = turn.state.waiting
    return isinstance(waiting, Asking) and turn.world.agent.slots[waiting.slot].kind == "open"


def _sidestep(turn: Turn, readings: Mapping[str, Reading]) -> bool:
    """A clear wish that merely contains a number or the like is a wish ("the one time charge")."""
    if asks_open(turn):
        return False
    used = sum(end - start for start, end in (reading.span for reading in readings.values()))
    verdict = turn.world.intents.understand(turn.text, turn.vector)
    current = {frame.flow for frame in turn.state.stack}
    usable = any(not reading.problem for reading in readings.values())
    if verdict.intent is None or 2 * used >= len(turn.words) or (usable and verdict.score < CLEAR):
        return False
    if readings and turn.world.agent.intents[verdict.intent].flow in current:
        return False
    return follow(turn, verdict, instead=cued(turn.words))


def _take_back(turn: Turn, main: Reading | None) -> bool:
    """Whether the caller changes an earlier answer instead of giving this one."""
    candidates = _changeable(turn)
    named = named_slots(turn, candidates)
    if not named and not cued(turn.words):
        return False
    if not named and main is not None and not main.problem:
        return False
    values = changed_slots(turn, turn.text, named or candidates)
    if values:
        name = next(iter(values))
        take_back(turn, name, values[name])
    elif named and cued(turn.words) and main is None:
        ask_anew(turn, named[0])
    else:
        return False
    return True


def _changeable(turn: Turn) -> list[str]:
    """Filled slots that flows under way ask for, the latest first."""
    flows = [turn.world.agent.flows[frame.flow] for frame in turn.state.stack]
    asked = {step.ask for flow in flows for step in flow.steps if isinstance(step, Ask)}
    return [name for name in reversed(turn.state.order) if name in asked]


def on_checking(turn: Turn) -> None:
    waiting = cast(Checking, turn.state.waiting)
    slot = turn.world.agent.slots[waiting.slot]
    asking = Asking(waiting.slot, waiting.also)
    reading = read_slot(slot, turn.text, turn.world.today) if slot.kind not in ("yesno", "open") else None
    patched = patch_digits(waiting.value, reading.value) if reading and reading.problem == "short" else None
    said = yes_or_no(turn)
    if patched is not None:
        understood(turn, waiting.slot)
        turn.set(waiting=Checking(waiting.slot, patched, waiting.also))
        turn.put(turn.state.waiting, prompt(turn))
    elif reading is not None and reading.value == waiting.value:
        fill(turn, {waiting.slot: waiting.value}, echo=False)
    elif reading is not None and not reading.problem:
        turn.set(waiting=asking)
        take(turn, asking, {waiting.slot: reading})
    elif said is not None and (said.certain or not said.value):
        checked(turn, said.value)
    elif not pursue(turn):
        miss(turn)


def checked(turn: Turn, yes: bool) -> None:
    """The answer to "I heard ..., is that right?"."""
    waiting = cast(Checking, turn.state.waiting)
    if yes and yes_is_void(turn):
        return
    if yes:
        turn.say(turn.manner("checked"))
        fill(turn, {waiting.slot: waiting.value}, echo=False)
    else:
        turn.set(waiting=Asking(waiting.slot, waiting.also))
        miss(turn, turn.manner("denied"))


def on_choosing(turn: Turn) -> None:
    waiting = cast(Choosing, turn.state.waiting)
    slot = turn.world.agent.slots[waiting.slot]
    reading = read_slot(slot, turn.text, turn.world.today)
    at = differing_digit(*waiting.values) if slot.kind == "digits" else None
    named = [v for v in waiting.values if reading and reading.value in (v, v[at] if at is not None else v)]
    nth = which(turn.words)
    asking = Asking(waiting.slot, waiting.also)
    if named or nth is not None:
        fill(turn, {waiting.slot: named[0] if named else waiting.values[nth or 0]})
    elif reading is not None and not reading.problem:
        turn.set(waiting=asking)
        take(turn, asking, {waiting.slot: reading})
    elif says_no(turn) or "neither" in turn.words:
        turn.set(waiting=asking)
        miss(turn, turn.manner("denied"))
    elif not pursue(turn):
        miss(turn)
