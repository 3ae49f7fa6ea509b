"""Makes sense of a yes or a no to a read-back or an offer, and of second thoughts."""

from __future__ import annotations

from typing import cast

from voicecore.dialogue.filling import ask_anew, change, changed_slots
from voicecore.dialogue.flow import advance, resume
from voicecore.dialogue.phrases import NOTHING, cued, named_slots, says_no, yes_or_no
from voicecore.dialogue.prompts import prompt
from voicecore.dialogue.repair import miss, understood, yes_is_void
from voicecore.dialogue.schema import Confirm
from voicecore.dialogue.state import (
    Changing,
    Confirming,
    Offering,
)
from voicecore.dialogue.steering import carry_out, hardly_heard
from voicecore.dialogue.turn import Turn
from voicecore.dialogue.wishes import pursue


def on_confirming(turn: Turn) -> None:
    waiting = cast(Confirming, turn.state.waiting)
    said = yes_or_no(turn)
    values = changed_slots(turn, turn.text, waiting.slots)
    named = named_slots(turn, waiting.slots)
    if values:
        change(turn, values)
    elif named and (said is None or not said.value or cued(turn.words)):
        ask_anew(turn, named[0])
    elif said is not None and (not said.value or (said.certain and turn.sure)):
        confirmed(turn, said.value)
    elif said is not None or not pursue(turn, instead=cued(turn.words)):
        miss(turn)


def confirmed(turn: Turn, yes: bool) -> None:
    """The answer to a confirm step; a yes to a question that was not heard is none."""
    waiting = cast(Confirming, turn.state.waiting)
    if yes and yes_is_void(turn):
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


def on_changing(turn: Turn) -> None:
    waiting = cast(Changing, turn.state.waiting)
    values = changed_slots(turn, turn.text, waiting.slots)
    named = named_slots(turn, waiting.slots)
    if values:
        change(turn, values)
    elif named:
        ask_anew(turn, named[0])
    elif " ".join(turn.words) in NOTHING or says_no(turn):
        decline(turn)
    elif not pursue(turn, instead=True):
        miss(turn)


def on_offering(turn: Turn) -> None:
    said = yes_or_no(turn)
    if said is not None and (not said.value or (said.certain and not hardly_heard(turn))):
        offered(turn, said.value)
    elif not pursue(turn):
        miss(turn)


def offered(turn: Turn, yes: bool) -> None:
    """The answer to "did you want to ...?"."""
    waiting = cast(Offering, turn.state.waiting)
    if yes:
        carry_out(turn, waiting.command)
    else:
        understood(turn, "no")
        resume(turn)
