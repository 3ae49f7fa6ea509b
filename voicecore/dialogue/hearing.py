"""Makes sense of what the caller said, given what was asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast

from voicecore.dialogue.commands import find_command
from voicecore.dialogue.filling import ask_anew, change, changed_slots, fill, take
from voicecore.dialogue.flow import advance, answer, resume
from voicecore.dialogue.parsers import parse_yes_no
from voicecore.dialogue.prompts import differing_digit, prompt
from voicecore.dialogue.readings import Reading, patch_digits, read_slot, read_slots
from voicecore.dialogue.repair import miss, question_unheard, say_missed, understood
from voicecore.dialogue.schema import Ask, Confirm
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
    Routing,
    Waiting,
)
from voicecore.dialogue.steering import begin, leave, obey, which_intent
from voicecore.dialogue.turn import Turn

NOTHING = frozenset(
    ("nothing", "nothing else", "no nothing", "that's all", "that is all", "that's it", "i'm fine")
)
_CUES = frozenset(("no", "nope", "sorry", "wait", "actually", "oops", "correction"))
"""First words with which people take back something."""
_CHANGE = (
    ("i", "meant"),
    ("i", "mean"),
    ("make", "it"),
    ("make", "that"),
    ("instead",),
    ("change",),
    ("wrong",),
)
_FIRST = (("first",), ("one", "first"), ("former",))
_SECOND = (("second",), ("latter",), ("last",))


def heard(turn: Turn) -> None:
    """Handle the caller's words."""
    words = turn.words
    open_slot = _asks_open(turn)
    command = find_command(words, turn.world.agent.persona.commands)
    if isinstance(turn.state.waiting, Calling | Answering):
        _while_busy(turn, command)
    elif command is not None and (not open_slot or len(words) <= 3):
        obey(turn, command)
    elif not words:
        miss(turn)
    else:
        _HEARD[type(turn.state.waiting)](turn)


def _asks_open(turn: Turn) -> bool:
    waiting = turn.state.waiting
    return isinstance(waiting, Asking) and turn.world.agent.slots[waiting.slot].kind == "open"


def _while_busy(turn: Turn, command: str | None) -> None:
    """The caller speaks while a tool or the model works: leaving is honoured afterwards."""
    waiting = turn.state.waiting
    if command in ("operator", "goodbye") and isinstance(waiting, Calling):
        turn.set(waiting=Calling(waiting.id, waiting.name, waiting.arguments, waiting.tries, command))
    turn.say(turn.manner("busy"))


# what do you want?


def _routing(turn: Turn) -> None:
    waiting = cast(Routing, turn.state.waiting)
    answered = parse_yes_no(turn.text)
    short = len(turn.words) <= 5
    nothing = " ".join(turn.words) in NOTHING or (short and answered is not None and not answered.value)
    if waiting.done and nothing and not _wish(turn):
        understood(turn, "nothing")
        turn.go_on()
        advance(turn)
    elif short and answered is not None and answered.value and not _wish(turn):
        understood(turn, "yes")
        turn.set(waiting=Routing())
        turn.put(turn.state.waiting, prompt(turn))
    elif not _pursue(turn):
        _look_up(turn)


def _wish(turn: Turn) -> bool:
    verdict = turn.world.intents.understand(turn.text, turn.vector)
    return verdict.intent is not None or verdict.rivals is not None


def _pursue(turn: Turn, instead: bool = False) -> bool:
    """Follow an intent in what was said, if there is one."""
    verdict = turn.world.intents.understand(turn.text, turn.vector)
    if verdict.intent is not None:
        begin(turn, verdict.intent, turn.text, instead)
    elif verdict.rivals is not None:
        which_intent(turn, verdict.rivals)
    return verdict.intent is not None or verdict.rivals is not None


def _look_up(turn: Turn) -> None:
    """No intent: the knowledge base may still have an answer."""
    found = turn.world.intents.retrieve(turn.text, turn.vector)
    if found and found[0][1] >= turn.world.agent.persona.understanding.passage:
        understood(turn, "knowledge")
        answer(turn, turn.text, None)
    else:
        miss(turn)


def _disambiguating(turn: Turn) -> None:
    waiting = cast(Disambiguating, turn.state.waiting)
    nth = _which(turn.words)
    ranked = [g for g in turn.world.intents.rank(turn.text, turn.vector) if g.intent in waiting.intents]
    for at, name in enumerate(waiting.intents):
        label = turn.world.agent.intents[name].label.split()
        if nth == at or _has(turn.words, label):
            begin(turn, name, waiting.question)
            return
    limits = turn.world.agent.persona.understanding
    if (
        len(ranked) == 2
        and ranked[0].score - ranked[1].score >= limits.margin
        and ranked[0].score >= limits.accept
    ):
        begin(turn, ranked[0].intent, waiting.question)
    elif not _pursue(turn):
        resume(turn) if _says_no(turn) else miss(turn)


# a slot


def _asking(turn: Turn) -> None:
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
    elif not _pursue(turn, instead=_cued(turn.words)):
        miss(turn)


def _sidestep(turn: Turn, readings: Mapping[str, Reading]) -> bool:
    """A clear wish that merely contains a number or the like is a wish ("the one time charge")."""
    if _asks_open(turn):
        return False
    used = sum(end - start for start, end in (reading.span for reading in readings.values()))
    verdict = turn.world.intents.understand(turn.text, turn.vector)
    current = {frame.flow for frame in turn.state.stack}
    if verdict.intent is None or verdict.score < 0.8 or 2 * used >= len(turn.words):
        return False
    if readings and turn.world.agent.intents[verdict.intent].flow in current:
        return False
    begin(turn, verdict.intent, turn.text, instead=_cued(turn.words))
    return True


def _take_back(turn: Turn, main: Reading | None) -> bool:
    """Whether the caller changes an earlier answer instead of giving this one."""
    candidates = _changeable(turn)
    named = _named(turn, candidates)
    if not named and not _cued(turn.words):
        return False
    if not named and main is not None and not main.problem:
        return False
    values = changed_slots(turn, turn.text, named or candidates)
    if values:
        name = next(iter(values))
        change(turn, {name: values[name]})
    elif named and _cued(turn.words) and main is None:
        ask_anew(turn, named[0])
    else:
        return False
    return True


def _changeable(turn: Turn) -> list[str]:
    """Filled slots that flows under way ask for, the latest first."""
    flows = [turn.world.agent.flows[frame.flow] for frame in turn.state.stack]
    asked = {step.ask for flow in flows for step in flow.steps if isinstance(step, Ask)}
    return [name for name in reversed(turn.state.order) if name in asked]


def _cued(words: Sequence[str]) -> bool:
    return bool(words) and (words[0] in _CUES or any(_has(words, cue) for cue in _CHANGE))


def _checking(turn: Turn) -> None:
    waiting = cast(Checking, turn.state.waiting)
    slot = turn.world.agent.slots[waiting.slot]
    asking = Asking(waiting.slot, waiting.also)
    reading = read_slot(slot, turn.text, turn.world.today) if slot.kind not in ("yesno", "open") else None
    patched = patch_digits(waiting.value, reading.value) if reading and reading.problem == "short" else None
    said = parse_yes_no(turn.text)
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
    elif not _pursue(turn):
        miss(turn)


def checked(turn: Turn, yes: bool) -> None:
    """The answer to "I heard ..., is that right?"."""
    waiting = cast(Checking, turn.state.waiting)
    if yes and question_unheard(turn):
        say_missed(turn)
    elif yes:
        turn.say(turn.manner("checked"))
        fill(turn, {waiting.slot: waiting.value}, echo=False)
    else:
        turn.set(waiting=Asking(waiting.slot, waiting.also))
        miss(turn, turn.manner("denied"))


def _choosing(turn: Turn) -> None:
    waiting = cast(Choosing, turn.state.waiting)
    slot = turn.world.agent.slots[waiting.slot]
    nth = _which(turn.words)
    reading = read_slot(slot, turn.text, turn.world.today)
    at = differing_digit(*waiting.values) if slot.kind == "digits" else None
    for n, value in enumerate(waiting.values):
        digit = at is not None and reading is not None and reading.value == value[at]
        if nth == n or digit or (reading is not None and reading.value == value):
            fill(turn, {waiting.slot: value})
            return
    asking = Asking(waiting.slot, waiting.also)
    if reading is not None and not reading.problem:
        turn.set(waiting=asking)
        take(turn, asking, {waiting.slot: reading})
    elif _says_no(turn) or "neither" in turn.words:
        turn.set(waiting=asking)
        miss(turn, turn.manner("denied"))
    elif not _pursue(turn):
        miss(turn)


# yes or no


def _confirming(turn: Turn) -> None:
    waiting = cast(Confirming, turn.state.waiting)
    said = parse_yes_no(turn.text)
    values = changed_slots(turn, turn.text, waiting.slots)
    named = _named(turn, waiting.slots)
    weak = turn.transcript.confidence < turn.world.agent.persona.confidence.weak
    if values:
        change(turn, values)
    elif named and (said is None or not said.value or _cued(turn.words)):
        ask_anew(turn, named[0])
    elif said is not None and not weak and (said.certain or not said.value):
        confirmed(turn, said.value)
    elif said is not None or not _pursue(turn, instead=_cued(turn.words)):
        miss(turn)


def confirmed(turn: Turn, yes: bool) -> None:
    """The answer to a confirm step; a yes to a question that was not heard is none."""
    waiting = cast(Confirming, turn.state.waiting)
    if yes and question_unheard(turn):
        say_missed(turn)
        return
    understood(turn, "yes" if yes else "no")
    if yes:
        turn.set(consent=(turn.frame.flow, turn.frame.pc))
        turn.go_on()
        advance(turn)
    elif waiting.slots:
        turn.set(waiting=Changing(waiting.slots))
        turn.put(turn.state.waiting, prompt(turn))
    else:
        decline(turn)


def decline(turn: Turn) -> None:
    """A confirm step is refused for good."""
    understood(turn, "no")
    turn.goto(cast(Confirm, turn.step).declined)
    advance(turn)


def _changing(turn: Turn) -> None:
    waiting = cast(Changing, turn.state.waiting)
    values = changed_slots(turn, turn.text, waiting.slots)
    named = _named(turn, waiting.slots)
    if values:
        change(turn, values)
    elif named:
        ask_anew(turn, named[0])
    elif " ".join(turn.words) in NOTHING or _says_no(turn):
        decline(turn)
    elif not _pursue(turn, instead=True):
        miss(turn)


def _offering(turn: Turn) -> None:
    said = parse_yes_no(turn.text)
    if said is not None and (said.certain or not said.value):
        offered(turn, said.value)
    elif not _pursue(turn):
        miss(turn)


def offered(turn: Turn, yes: bool) -> None:
    """The answer to "would you like to ...?"."""
    waiting = cast(Offering, turn.state.waiting)
    if yes:
        leave(turn, "goodbye" if waiting.command == "goodbye" else "operator")
    else:
        understood(turn, "no")
        resume(turn)


# words


def _named(turn: Turn, slots: Sequence[str]) -> list[str]:
    return [
        n for n in slots if any(_has(turn.words, name.split()) for name in turn.world.agent.slots[n].names)
    ]


def _says_no(turn: Turn) -> bool:
    said = parse_yes_no(turn.text)
    return said is not None and not said.value


def _which(words: Sequence[str]) -> int | None:
    """0 for "the first one", 1 for "the second", None for neither."""
    if any(_has(words, phrase) for phrase in _FIRST):
        return 0
    return 1 if any(_has(words, phrase) for phrase in _SECOND) else None


def _has(words: Sequence[str], part: Sequence[str]) -> bool:
    return any(list(words[at : at + len(part)]) == list(part) for at in range(len(words) - len(part) + 1))


_HEARD: dict[type[Waiting], Callable[[Turn], None]] = {
    Routing: _routing,
    Disambiguating: _disambiguating,
    Asking: _asking,
    Checking: _checking,
    Choosing: _choosing,
    Confirming: _confirming,
    Changing: _changing,
    Offering: _offering,
}
