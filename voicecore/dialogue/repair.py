"""What the agent does when it did not hear or understand: like a person, and never the same thing twice."""

from __future__ import annotations

import re

from voicecore.dialogue.events import Steered
from voicecore.dialogue.prompts import keypad_hint, prompt
from voicecore.dialogue.schema import Route
from voicecore.dialogue.spoken import either
from voicecore.dialogue.state import Asking, Routing
from voicecore.dialogue.turn import Turn

_PRESENCE = frozenset(
    re.findall(r"\S+", "yes yeah yep yup hello hi hey i i'm am we're here still there sorry sure of course")
)
"""Words of someone who says that they are still there."""


def understood(turn: Turn, intent: str) -> None:
    """The caller got through: nothing to repair."""
    turn.set(misses=0, silences=0, checking_in=False, missed=(), intent=intent)


def question_unheard(turn: Turn) -> bool:
    """Whether the question that is open was cut off before the caller could know it."""
    return any(utterance.question for utterance in turn.state.missed)


def yes_is_void(turn: Turn) -> bool:
    """Whether a yes can't count: its question was cut off, or has not even been played to its end.

    Then the question is put again.
    """
    if question_unheard(turn):
        say_missed(turn)
    elif any(utterance.question for utterance in turn.state.queued):
        turn.say(prompt(turn), question=True)
    else:
        return False
    return True


def say_missed(turn: Turn) -> None:
    """Say again, whole, what the caller's interruption cut off."""
    missed = turn.state.missed
    turn.set(missed=())
    for utterance in missed:
        turn.say(utterance.text, utterance.question)


def miss(turn: Turn, lead: str = "") -> None:
    """Not understood: ask again, then offer the keypad, then a person. ``lead`` says what was wrong."""
    if question_unheard(turn):
        say_missed(turn)
        return
    patience = turn.world.agent.persona.patience
    nth = turn.state.misses + 1
    turn.set(misses=nth, silences=0, missed=(), keyed="", intent="")
    if nth >= patience.handoff_after:
        turn.say(turn.manner("handoff_misses"))
        turn.hand_off()
        return
    own = _own_reprompt(turn, nth)
    question = own if own and not lead else f"{lead or _apology(turn, nth)} {prompt(turn, again=True)}"
    turn.say(f"{question} {_hint(turn, nth >= patience.keypad_after)}", question=True)


def steered(turn: Turn, event: Steered) -> None:
    """A guardrail speaks: then the question that is open is put again, or a person takes over."""
    turn.set(silences=0, keyed="", intent="", missed=())
    if event.hand_off:
        turn.hand_off(event.text)
    else:
        question = prompt(turn, again=True)
        turn.say(f"{event.text} {question}", question=bool(question))


def silence(turn: Turn) -> None:
    """The caller said nothing: ask again, in the end hang up."""
    if turn.state.missed:
        say_missed(turn)
        return
    patience = turn.world.agent.persona.patience
    nth = turn.state.silences + 1
    turn.set(silences=nth, keyed="", intent="")
    if nth >= patience.silences:
        turn.hang_up(turn.manner("silence_end"), "silence")
    elif nth == 1:
        turn.set(checking_in=True)
        turn.say(turn.manner("silence"))
        turn.sayings.clear()
    else:
        hint = _hint(turn, nth >= patience.keypad_after)
        turn.say(f"{turn.manner('still_silent')} {prompt(turn, again=True)} {hint}", question=True)


def is_only_present(turn: Turn) -> bool:
    """Whether all that the caller's words say is that they are there: then the question is put again."""
    checked = turn.state.checking_in
    turn.set(checking_in=False)
    if not checked or not turn.words or not set(turn.words) <= _PRESENCE:
        return False
    turn.set(silences=0)
    turn.say(f"{turn.manner('present')} {prompt(turn, again=True)}", question=True)
    return True


def _apology(turn: Turn, nth: int) -> str:
    return turn.manner("not_heard" if nth == 1 else "still_not_heard")


def _own_reprompt(turn: Turn, nth: int) -> str:
    waiting = turn.state.waiting
    if not isinstance(waiting, Asking) or waiting.partial:
        return ""
    own = turn.world.agent.slots[waiting.slot].reprompts
    return turn.word(f"slots.{waiting.slot}.reprompts.{nth}", own[nth - 1 : nth]) if nth <= len(own) else ""


def _hint(turn: Turn, keypad: bool) -> str:
    if keypad:
        return keypad_hint(turn)
    return examples(turn) if isinstance(turn.state.waiting, Routing) else ""


def examples(turn: Turn) -> str:
    """What a caller may ask for here; "" when the step has no menu."""
    step = turn.step
    menu = step.menu if isinstance(step, Route) else ()
    labels = [turn.world.agent.intents[name].label for name in menu]
    return turn.manner("examples", options=either(labels)) if labels else ""
