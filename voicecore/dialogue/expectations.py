"""What a caller may say next: the recogniser's grammar and the endpointer's patience come from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from voicecore.dialogue.commands import spoken_commands
from voicecore.dialogue.schema import Ask, Slot
from voicecore.dialogue.spoken import count
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
    Idle,
    Offering,
    Proposing,
    Routing,
    State,
)
from voicecore.dialogue.turn import World
from voicecore.types import Expectation, SlotKind

YES_NO = ("yes", "no", "yes please", "no thanks", "that's right", "that's wrong", "correct")
NOTHING_MORE = (
    "no",
    "no thank you",
    "no thanks",
    "that's all",
    "that is all",
    "nothing else",
    "no that's all",
)
_KINDS = {"number": SlotKind.CHOICE} | {kind.value: kind for kind in SlotKind}


def expect(world: World, state: State) -> Expectation:
    """The expectation of a state; every state has one."""
    commands = (*spoken_commands(world.agent.persona.commands), *_anytime(world))
    kind, phrases, digits = _expected(world, state)
    return Expectation(kind, tuple(dict.fromkeys(phrases)), tuple(dict.fromkeys(commands)), digits)


def _expected(world: World, state: State) -> tuple[SlotKind, Iterable[str], tuple[int, int] | None]:
    slots = world.agent.slots
    kind, phrases, digits = SlotKind.OPEN, tuple[str, ...](), None
    match state.waiting:
        case Routing(done):
            more = (*NOTHING_MORE, "yes", "yes please") if done else ()
            phrases = (*_examples(world), *more)
        case Asking(name):
            kind, digits = _KINDS[slots[name].kind], slots[name].digits
            phrases = (*_phrases(slots[name]), *_changes(world, _changeable(world, state, name)))
        case Checking(name):
            kind, digits = SlotKind.YESNO, slots[name].digits
            phrases = (*YES_NO, *(f"no {phrase}" for phrase in _phrases(slots[name])))
        case Confirming(names):
            kind, phrases = SlotKind.YESNO, (*YES_NO, *_changes(world, names))
        case Offering() | Proposing():
            kind, phrases = SlotKind.YESNO, YES_NO
        case Choosing(name, values):
            kind, digits = _KINDS[slots[name].kind], slots[name].digits
            phrases = (*_value_phrases(slots[name], values), *_ORDINALS)
        case Disambiguating(pair):
            intents = [world.agent.intents[name] for name in pair]
            labels, examples = [i.label for i in intents], [text for i in intents for text in i.examples]
            kind, phrases = SlotKind.CHOICE, (*labels, *_ORDINALS, *examples)
        case Changing(names):
            called = [f"the {called}" for name in names for called in slots[name].names]
            kind, phrases = SlotKind.CHOICE, (*called, *_changes(world, names), "nothing", "no")
        case Idle() | Calling() | Answering() | Ended():
            pass
    return kind, phrases, digits


def _changeable(world: World, state: State, asked: str) -> list[str]:
    """The filled slots of the current flow that a caller may want to take back."""
    flow = world.agent.flows[state.stack[-1].flow]
    own = {step.ask for step in flow.steps if isinstance(step, Ask)}
    return [name for name in state.order if name in own and name != asked]


_ORDINALS = ("the first", "the second", "the first one", "the second one", "neither")


def _examples(world: World) -> Iterator[str]:
    for intent in world.agent.intents.values():
        yield from intent.examples


def _anytime(world: World) -> Iterator[str]:
    for intent in world.agent.intents.values():
        yield from intent.anytime


def _phrases(slot: Slot) -> tuple[str, ...]:
    """Whole answers of a slot with few of them."""
    if slot.kind == "choice":
        return tuple(phrase for choice in slot.choices for phrase in choice.accepts)
    if slot.kind == "yesno":
        return YES_NO
    if slot.kind == "number" and slot.minimum is not None and slot.maximum is not None:
        words = [
            count(n).replace("-", " ") for n in range(slot.minimum, min(slot.maximum, slot.minimum + 60) + 1)
        ]
        return (*words, *(f"{word} {slot.unit}" for word in words if slot.unit))
    return ()


def _changes(world: World, slots: Iterable[str]) -> Iterator[str]:
    """Ways to change slots that are filled: "make it four payments", "change the date".

    Numbers come with their unit only, as longer phrases are harder to mistake.
    """
    for name in slots:
        slot = world.agent.slots[name]
        for phrase in _phrases(slot):
            if not slot.unit or phrase.endswith(slot.unit):
                yield from (f"no make it {phrase}", f"actually {phrase}", f"make it {phrase}")
        for called in slot.names:
            yield from (f"change the {called}", f"no change the {called}")


def _value_phrases(slot: Slot, values: tuple[object, object]) -> Iterator[str]:
    if slot.kind == "choice":
        yield from (phrase for choice in slot.choices if choice.value in values for phrase in choice.accepts)
    if slot.kind == "number":
        yield from (count(value).replace("-", " ") for value in values if isinstance(value, int))
