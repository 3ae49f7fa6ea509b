"""The question that belongs to each state of waiting, and how to put it once more."""

from __future__ import annotations

from voicecore.dialogue.readings import plain_words
from voicecore.dialogue.schema import Confirm, Route, Slot, Step
from voicecore.dialogue.spoken import count, digit_groups, either
from voicecore.dialogue.state import (
    Asking,
    Changing,
    Checking,
    Choosing,
    Confirming,
    Disambiguating,
    Offering,
    Proposing,
    Routing,
)
from voicecore.dialogue.turn import Turn
from voicecore.errors import UnexpectedEvent


def prompt(turn: Turn, again: bool = False) -> str:
    """The question for what is awaited now; ``again`` prefers the shorter wordings. "" if none is."""
    waiting, text = turn.state.waiting, ""
    agent = turn.world.agent
    match waiting:
        case Routing() | Confirming():
            text = _step_prompt(turn, turn.step)
        case Asking(slot, _, partial):
            text = _slot_prompt(turn, slot, partial, again)
        case Checking(slot, value):
            text = turn.manner("check", value=turn.read_out(slot, value))
        case Choosing(slot, values):
            text = _either_value(turn, slot, values)
        case Disambiguating((one, two)):
            labels = {"first": agent.intents[one].label, "second": agent.intents[two].label}
            text = turn.manner("either_intent", **labels)
        case Proposing(intent):
            text = turn.manner("propose", label=agent.intents[intent].label)
        case Changing(slots):
            text = turn.manner("change_what", options=either([agent.slots[name].label for name in slots]))
        case Offering(command):
            text = turn.manner(f"offer_{command}")
    return text


def _step_prompt(turn: Turn, step: Step) -> str:
    if isinstance(step, Confirm):
        return _at_step(turn, "confirm", step.confirm)
    if isinstance(step, Route):
        done = turn.state.waiting == Routing(done=True)
        return _at_step(turn, "more", step.more) if done else _at_step(turn, "route", step.route)
    raise UnexpectedEvent(turn.state.waiting, step)


def _at_step(turn: Turn, verb: str, wordings: tuple[str, ...]) -> str:
    return turn.word(f"{turn.frame.flow}.{turn.frame.pc}.{verb}", wordings)


def _slot_prompt(turn: Turn, name: str, partial: str, again: bool) -> str:
    slot = turn.world.agent.slots[name]
    if partial:
        return turn.manner("partial", value=digit_groups(partial, _fitting(slot, partial)))
    if again and slot.again:
        others = [wording for wording in slot.prompt if wording not in slot.again]
        wordings = slot.again if len(slot.again) > 1 else (*slot.again, *others[:1])
        return turn.word(f"slots.{name}.again", wordings)
    return turn.word(f"slots.{name}.prompt", slot.prompt)


def _fitting(slot: Slot, digits: str) -> tuple[int, ...]:
    """The slot's groups as far as ``digits`` go."""
    sizes: list[int] = []
    left = len(digits)
    for size in slot.groups:
        if left > 0:
            sizes.append(min(size, left))
            left -= size
    return tuple(sizes)


def _either_value(turn: Turn, name: str, values: tuple[object, object]) -> str:
    one, two = values
    at = differing_digit(one, two)
    if turn.world.agent.slots[name].kind == "digits" and at is not None and at > 0:
        prefix, first, second = str(one)[:at], str(one)[at], str(two)[at]
        spoken = {"first": count(int(first)), "second": count(int(second))}
        return turn.manner("either_digit", prefix=digit_groups(prefix[-3:]), **spoken)
    return turn.manner("either", first=turn.read_out(name, one), second=turn.read_out(name, two))


def differing_digit(one: object, two: object) -> int | None:
    """The place where two digit strings of equal length differ, if it is the only one."""
    if not (isinstance(one, str) and isinstance(two, str) and len(one) == len(two)):
        return None
    places = [at for at, (a, b) in enumerate(zip(one, two, strict=True)) if a != b]
    return places[0] if len(places) == 1 else None


def keypad_hint(turn: Turn) -> str:
    """How to answer with the keys what is awaited now; "" where keys can't."""
    match turn.state.waiting:
        case Checking() | Confirming() | Offering() | Proposing():
            return turn.manner("keypad_yesno")
        case Asking(name):
            return _slot_hint(turn, turn.world.agent.slots[name])
        case Routing():
            step = turn.step
            assert isinstance(step, Route)
            labels = [turn.world.agent.intents[name].label for name in step.menu]
            return turn.manner("keypad_choice", options=_keys(labels)) if labels else ""
        case _:
            return ""


def _slot_hint(turn: Turn, slot: Slot) -> str:
    match slot.kind:
        case "digits" | "number":
            return turn.manner("keypad_digits")
        case "yesno":
            return turn.manner("keypad_yesno")
        case "date":
            return turn.manner("keypad_date")
        case "amount":
            return turn.manner("keypad_amount")
        case "choice":
            return turn.manner("keypad_choice", options=_keys([choice.say for choice in slot.choices]))
        case _:
            return ""


def _keys(options: list[str]) -> str:
    return either([f"{count(nth)} to {_verb(text)}" for nth, text in enumerate(options, start=1)])


def _verb(text: str) -> str:
    return " ".join(plain_words(text))
