"""Finds out what the caller wants, and follows it."""

from __future__ import annotations

from typing import cast

from voicecore.dialogue.flow import advance, answer, resume
from voicecore.dialogue.intents import CUE, Verdict
from voicecore.dialogue.phrases import GREETING, NOTHING, has, says_no, which, yes_or_no
from voicecore.dialogue.prompts import prompt
from voicecore.dialogue.repair import miss, understood
from voicecore.dialogue.state import (
    Disambiguating,
    Proposing,
    Routing,
)
from voicecore.dialogue.steering import begin, which_intent
from voicecore.dialogue.turn import Turn
from voicecore.spoken import parse_yes_no


def on_routing(turn: Turn) -> None:
    waiting = cast(Routing, turn.state.waiting)
    if waiting.done and _nothing(turn) and not _wish(turn):
        understood(turn, "nothing")
        turn.go_on()
        advance(turn)
    elif _no_news(turn) and not _wish(turn):
        understood(turn, "")
        turn.set(waiting=Routing())
        turn.put(turn.state.waiting, prompt(turn))
    elif _answered_better(turn) or not pursue(turn):
        _look_up(turn)


def _nothing(turn: Turn) -> bool:
    return " ".join(turn.words) in NOTHING or (len(turn.words) <= 5 and says_no(turn))


def _no_news(turn: Turn) -> bool:
    """A yes to "anything else?", or a greeting, is an answer, but one that asks for another question."""
    said = parse_yes_no(turn.text)
    yes = said is not None and said.value and len(turn.words) <= 5
    return yes or GREETING.issuperset(turn.words)


def _answered_better(turn: Turn) -> bool:
    """Whether a passage answers the very question, better than any intent fits it."""
    intents = turn.world.intents
    found = intents.retrieve(turn.text, turn.vector, count=1)
    verdict = intents.understand(turn.text, turn.vector)
    return (
        bool(found)
        and intents.knows(found[0][1], turn.vector)
        and found[0][1] > verdict.score + intents.limits.margin
    )


def _wish(turn: Turn) -> bool:
    verdict = turn.world.intents.understand(turn.text, turn.vector)
    return verdict.intent is not None or verdict.rivals is not None


def pursue(turn: Turn, instead: bool = False) -> bool:
    """Follow an intent in what was said, if there is one."""
    return follow(turn, turn.world.intents.understand(turn.text, turn.vector), instead)


def follow(turn: Turn, verdict: Verdict, instead: bool = False) -> bool:
    """Do, check or ask about what was wished for; False if nothing was."""
    if verdict.intent is not None and turn.transcript.confidence < _needed(turn):
        _propose(turn, verdict.intent, turn.text)
    elif verdict.intent is not None:
        begin(turn, verdict.intent, turn.text, instead)
    elif verdict.rivals is not None:
        which_intent(turn, verdict.rivals)
    return verdict.intent is not None or verdict.rivals is not None


def _needed(turn: Turn) -> float:
    """The confidence with which a wish is followed at once: less where one was asked for."""
    limits = turn.world.agent.persona.confidence
    return limits.weak if isinstance(turn.state.waiting, Routing) else limits.sure


def on_proposing(turn: Turn) -> None:
    said = yes_or_no(turn)
    if said is not None and (said.certain or not said.value):
        proposed(turn, said.value)
    elif not pursue(turn):
        miss(turn)


def proposed(turn: Turn, yes: bool) -> None:
    """The answer to "do you want to ...?"."""
    waiting = cast(Proposing, turn.state.waiting)
    if yes:
        begin(turn, waiting.intent, waiting.question)
    else:
        understood(turn, "no")
        turn.say(turn.manner("denied"))
        resume(turn)


def _look_up(turn: Turn) -> None:
    """No intent: the knowledge base may still have an answer."""
    found = turn.world.intents.retrieve(turn.text, turn.vector)
    if found and turn.world.intents.knows(found[0][1], turn.vector):
        understood(turn, "knowledge")
        answer(turn, turn.text, None)
    elif not _propose_second_best(turn):
        miss(turn)


def _propose_second_best(turn: Turn) -> bool:
    """Ask about a plain wish that only the recogniser's alternatives hold; False if none does."""
    for text in turn.transcript.alternatives:
        verdict = turn.world.intents.understand(text, None)
        if verdict.intent is not None and verdict.score >= CUE:
            _propose(turn, verdict.intent, text)
            return True
    return False


def _propose(turn: Turn, intent: str, question: str) -> None:
    understood(turn, intent)
    turn.set(waiting=Proposing(intent, question))
    turn.put(turn.state.waiting, prompt(turn))


def on_disambiguating(turn: Turn) -> None:
    waiting = cast(Disambiguating, turn.state.waiting)
    nth = which(turn.words)
    ranked = [g for g in turn.world.intents.rank(turn.text, turn.vector) if g.intent in waiting.intents]
    for at, name in enumerate(waiting.intents):
        label = turn.world.agent.intents[name].label.split()
        if nth == at or has(turn.words, label):
            begin(turn, name, waiting.question)
            return
    margin, needed = turn.world.intents.limits.margin, turn.world.intents.needed(turn.vector)
    if len(ranked) == 2 and ranked[0].score >= max(needed, ranked[1].score + margin):
        begin(turn, ranked[0].intent, waiting.question)
    elif pursue(turn):
        return
    elif says_no(turn):
        resume(turn)
    else:
        miss(turn)
