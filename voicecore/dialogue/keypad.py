"""Makes sense of keys: digits with a closing hash, 1 and 2 for yes and no, numbers for choices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, cast

from voicecore.dialogue.answers import checked
from voicecore.dialogue.approvals import confirmed, offered
from voicecore.dialogue.filling import ask_anew, fill, take
from voicecore.dialogue.readings import Reading, problem_of
from voicecore.dialogue.repair import miss
from voicecore.dialogue.schema import Route, Slot
from voicecore.dialogue.state import (
    Answering,
    Asking,
    Calling,
    Changing,
    Checking,
    Choosing,
    Confirming,
    Disambiguating,
    Offering,
    Proposing,
    Routing,
)
from voicecore.dialogue.steering import begin, obey
from voicecore.dialogue.turn import Turn
from voicecore.dialogue.wishes import proposed


def pressed(turn: Turn, keys: str) -> None:
    """Handle keys, one after the other, as if each came alone.

    A hash after an entry that was complete already, as people press it, means nothing.
    """
    for key in keys:
        if key in "0123456789*#" and not turn.state.ended:
            _press(turn, key)


def complete(turn: Turn) -> None:
    """The caller stopped keying: what is there is the answer."""
    _finish(turn, cast(Asking, turn.state.waiting), turn.state.keyed)


def _press(turn: Turn, key: str) -> None:
    waiting = turn.state.waiting
    late_hash = key == "#" and not turn.state.keyed
    if late_hash or isinstance(waiting, Calling | Answering):
        return
    if isinstance(waiting, Asking) and turn.world.agent.slots[waiting.slot].kind in _ENTRIES:
        _enter(turn, waiting, key)
    elif key == "0":
        obey(turn, "operator")
    elif key == "*":
        obey(turn, "repeat")
    elif not _pick(turn, int(key) - 1):
        miss(turn)


def _pick(turn: Turn, nth: int) -> bool:
    """Take the ``nth`` of what is offered; False if there is none."""
    match turn.state.waiting:
        case Checking():
            return _yes_no(turn, nth, checked)
        case Confirming():
            return _yes_no(turn, nth, confirmed)
        case Offering():
            return _yes_no(turn, nth, offered)
        case Proposing():
            return _yes_no(turn, nth, proposed)
        case Disambiguating(intents, question) if nth < 2:
            begin(turn, intents[nth], question)
        case Choosing(slot, values) if nth < 2:
            fill(turn, {slot: values[nth]})
        case Changing(slots) if nth < len(slots):
            ask_anew(turn, slots[nth])
        case Routing():
            menu = cast(Route, turn.step).menu
            if nth >= len(menu):
                return False
            begin(turn, menu[nth], "")
        case Asking(name):
            return _choose(turn, name, nth)
        case _:
            return False
    return True


def _yes_no(turn: Turn, nth: int, answer: Callable[[Turn, bool], None]) -> bool:
    if nth < 2:
        answer(turn, nth == 0)
    return nth < 2


def _choose(turn: Turn, name: str, nth: int) -> bool:
    slot = turn.world.agent.slots[name]
    values: Sequence[Any] = [choice.value for choice in slot.choices]
    if slot.kind == "yesno":
        values = (True, False)
    if nth >= len(values):
        return False
    fill(turn, {name: values[nth]})
    return True


def _enter(turn: Turn, waiting: Asking, key: str) -> None:
    """One more key of a longer entry; star is the decimal point of an amount, else it starts afresh."""
    slot = turn.world.agent.slots[waiting.slot]
    if key == "#":
        _finish(turn, waiting, turn.state.keyed)
        return
    if key == "*" and slot.kind != "amount":
        turn.set(keyed="")
        return
    turn.set(keyed=turn.state.keyed + key, silences=0)
    if _full(slot, turn.state.keyed):
        _finish(turn, waiting, turn.state.keyed)


def _full(slot: Slot, keyed: str) -> bool:
    match slot.kind:
        case "digits":
            return slot.digits is not None and len(keyed) == slot.digits[1]
        case "number":
            return 10 * int(keyed) > (slot.maximum or 0)
        case "date":
            return len(keyed) == 4
        case _:
            return False


def _finish(turn: Turn, waiting: Asking, keyed: str) -> None:
    """Read the keys as the slot's value; they are never misheard."""
    turn.set(keyed="")
    slot = turn.world.agent.slots[waiting.slot]
    value = _ENTRIES[slot.kind](keyed, turn.world.today)
    if value is None:
        miss(turn)
    else:
        reading = Reading(value, (0, 0), True, problem_of(slot, value, turn.world.today))
        take(turn, waiting, {waiting.slot: reading})


def _day(keyed: str, today: date) -> str | None:
    """Day and month, two digits each, as the coming date."""
    if len(keyed) != 4:
        return None
    for year in (today.year, today.year + 1, today.year + 2, today.year + 3, today.year + 4):
        try:
            when = date(year, int(keyed[2:]), int(keyed[:2]))
        except ValueError:
            continue
        if when >= today:
            return when.isoformat()
    return None


def _cents(keyed: str, _: date) -> int | None:
    whole, _star, rest = keyed.partition("*")
    if not whole.isdigit() or (rest and not (rest.isdigit() and len(rest) <= 2)):
        return None
    return 100 * int(whole) + int(rest.ljust(2, "0") if rest else 0)


_ENTRIES: dict[str, Callable[[str, date], Any]] = {
    "digits": lambda keyed, _: keyed or None,
    "number": lambda keyed, _: int(keyed) if keyed else None,
    "date": _day,
    "amount": _cents,
}
