"""Fills slots from what was heard: takes, checks, pieces together, changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from voicecore.dialogue.flow import advance
from voicecore.dialogue.prompts import prompt
from voicecore.dialogue.readings import Reading, patch_digits, problem_of, read_slot, solid_prefix
from voicecore.dialogue.repair import miss, understood
from voicecore.dialogue.schema import Ask, Call, Slot
from voicecore.dialogue.spoken import count
from voicecore.dialogue.state import Asking, Checking, Choosing, Idle
from voicecore.dialogue.turn import Turn


def take(turn: Turn, asking: Asking, readings: Mapping[str, Reading]) -> None:
    """Use the ``readings`` of an answer; some may belong to slots asked for later."""
    slots = turn.world.agent.slots
    sure = turn.sure
    extra = {n: r for n, r in readings.items() if n != asking.slot and sure and r.certain and not r.problem}
    main = readings.get(asking.slot)
    if main is None:
        _take_extra(turn, asking, extra)
        return
    main = _joined(turn, asking, main)
    slot = slots[asking.slot]
    if main.problem:
        _refuse(turn, asking, main)
    elif slot.confirm == "never" or (slot.confirm == "auto" and sure and main.certain):
        for name, reading in readings.items():
            if name != asking.slot and reading.problem == "bounds":
                turn.say(_out_of_bounds(turn, name, reading.value))
        fill(turn, {**{n: r.value for n, r in extra.items()}, asking.slot: main.value})
    else:
        _doubt(turn, asking, main)


def _take_extra(turn: Turn, asking: Asking, extra: Mapping[str, Reading]) -> None:
    """Not what was asked, but useful: keep it and ask again."""
    if not extra:
        miss(turn)
        return
    understood(turn, next(iter(extra)))
    turn.fill_slots({name: reading.value for name, reading in extra.items()})
    for name in extra:
        _acknowledge(turn, name)
    turn.put(asking, prompt(turn, again=True))


def take_second_best(turn: Turn, asking: Asking) -> bool:
    """Check a value that only the recogniser's alternatives hold; False if none does."""
    slot = turn.world.agent.slots[asking.slot]
    value = None if slot.kind == "open" else _rival(turn, slot, None)
    if value is None:
        return False
    understood(turn, asking.slot)
    turn.set(waiting=Checking(asking.slot, value, asking.also))
    turn.put(turn.state.waiting, prompt(turn))
    return True


def _joined(turn: Turn, asking: Asking, heard: Reading) -> Reading:
    """Digits that we had and digits that came after them, as one reading."""
    slot = turn.world.agent.slots[asking.slot]
    if not asking.partial or heard.problem != "short":
        return heard
    again = heard.value.startswith(asking.partial)
    value = heard.value if again else asking.partial + heard.value
    problem = problem_of(slot, value, turn.world.today)
    return Reading(value, heard.span, not problem, problem)


def _refuse(turn: Turn, asking: Asking, reading: Reading) -> None:
    """Say what is wrong with a value; digits that are on the way are kept."""
    slot = turn.world.agent.slots[asking.slot]
    if reading.problem == "bounds":
        turn.set(waiting=Asking(asking.slot, asking.also))
        miss(turn, _out_of_bounds(turn, asking.slot, reading.value))
    elif (
        reading.problem == "short"
        and len(reading.value) > len(asking.partial)
        and _pausable(slot, reading.value)
    ):
        understood(turn, asking.slot)
        turn.set(waiting=Asking(asking.slot, asking.also, reading.value))
        turn.put(turn.state.waiting, prompt(turn))
    elif not take_second_best(turn, asking):
        turn.set(waiting=Asking(asking.slot, asking.also))
        miss(turn, _wrong_count(turn, slot, len(reading.value)))


def _out_of_bounds(turn: Turn, name: str, value: Any) -> str:
    wordings = turn.world.agent.slots[name].invalid
    return turn.word(f"slots.{name}.invalid", wordings, value=turn.read_out(name, value)) if wordings else ""


def _pausable(slot: Slot, digits: str) -> bool:
    """Whether a speaker may well stop after these digits, and has not just lost one in the middle."""
    ends, total = set(), 0
    for size in slot.groups:
        total += size
        ends.add(total)
    return len(digits) > 1 and (
        len(digits) in ends or (not ends and 2 * len(digits) <= (slot.digits or (0, 0))[0])
    )


def _wrong_count(turn: Turn, slot: Slot, heard: int) -> str:
    fewest, most = slot.digits or (heard, heard)
    expected = count(fewest) if fewest == most else f"{count(fewest)} to {count(most)}"
    return turn.manner(
        "wrong_count", count="one digit" if heard == 1 else f"{count(heard)} digits", expected=expected
    )


def _doubt(turn: Turn, asking: Asking, reading: Reading) -> None:
    """A whole value, but not surely heard: keep its solid part, offer two readings, or check it."""
    slot = turn.world.agent.slots[asking.slot]
    understood(turn, asking.slot)
    prefix = _solid(turn, reading) if slot.kind == "digits" and not asking.partial else ""
    rival = None if turn.sure else _rival(turn, slot, reading.value)
    if prefix:
        turn.set(waiting=Asking(asking.slot, asking.also, prefix))
    elif rival is not None:
        turn.set(waiting=Choosing(asking.slot, (reading.value, rival), asking.also))
    else:
        turn.set(waiting=Checking(asking.slot, reading.value, asking.also))
    turn.put(turn.state.waiting, prompt(turn))


def _solid(turn: Turn, reading: Reading) -> str:
    confidences = [word.confidence for word in turn.transcript.words]
    return solid_prefix(reading, confidences, turn.world.agent.persona.confidence.weak)


def _rival(turn: Turn, slot: Slot, value: Any) -> Any:
    """Another good value among the recogniser's alternatives, or None."""
    for text in turn.transcript.alternatives:
        other = read_slot(slot, text, turn.world.today)
        if other is not None and not other.problem and other.value != value:
            return other.value
    return None


def fill(turn: Turn, values: Mapping[str, Any], echo: bool = True) -> None:
    """Set slots and go on with the flow; ``echo`` reads them back in passing."""
    understood(turn, next(reversed(list(values))))
    turn.fill_slots(values)
    if echo:
        for name in values:
            _acknowledge(turn, name)
    turn.set(waiting=Idle(), keyed="")
    advance(turn)


def _acknowledge(turn: Turn, name: str) -> None:
    slot = turn.world.agent.slots[name]
    if slot.ack:
        turn.say(turn.word(f"slots.{name}.ack", slot.ack, value=turn.read_out(name, turn.state.values[name])))


def change(turn: Turn, values: Mapping[str, Any]) -> None:
    """The caller takes back what was filled: set it anew and run again what depends on it."""
    understood(turn, next(iter(values)))
    _rewind(turn, list(values))
    turn.fill_slots(values)
    for name, value in values.items():
        turn.say(turn.manner("corrected", value=turn.read_out(name, value)))
    turn.set(waiting=Idle(), keyed="")
    advance(turn)


def take_back(turn: Turn, slot: str, value: Any) -> None:
    """Change a slot in the middle of another question; a hardly heard value is checked first."""
    if turn.sure:
        change(turn, {slot: value})
        return
    understood(turn, slot)
    _rewind(turn, [slot])
    turn.forget([slot])
    turn.set(waiting=Checking(slot, value))
    turn.put(turn.state.waiting, prompt(turn))


def ask_anew(turn: Turn, slot: str) -> None:
    """The caller takes back a slot without a new value: ask for it, then run on from there."""
    understood(turn, slot)
    _rewind(turn, [slot])
    turn.forget([slot])
    turn.set(waiting=Asking(slot))
    turn.put(turn.state.waiting, prompt(turn))


def _rewind(turn: Turn, slots: Sequence[str]) -> None:
    """Go back to right after the first of ``slots`` was asked, dropping results found since."""
    for depth in range(len(turn.state.stack) - 1, -1, -1):
        frame = turn.state.stack[depth]
        steps = turn.world.agent.flows[frame.flow].steps
        asked = [
            nth for nth, step in enumerate(steps[: frame.pc]) if isinstance(step, Ask) and step.ask in slots
        ]
        if asked:
            turn.set(stack=turn.state.stack[: depth + 1])
            turn.move(pc=asked[0], away=False)
            turn.forget([step.save for step in steps[asked[0] : frame.pc] if isinstance(step, Call)])
            return


def changed_slots(turn: Turn, text: str, names: Sequence[str]) -> dict[str, Any]:
    """New values in ``text`` for filled slots ``names``; part of a digit row is laid over the old one."""
    found: dict[str, Any] = {}
    for name in names:
        slot, before = turn.world.agent.slots[name], turn.state.values.get(name)
        reading = read_slot(slot, text, turn.world.today)
        if reading is None or before is None:
            continue
        patched = patch_digits(before, reading.value) if reading.problem == "short" else None
        if patched is not None:
            found[name] = patched
        elif not reading.problem and reading.value != before:
            found[name] = reading.value
    return found
