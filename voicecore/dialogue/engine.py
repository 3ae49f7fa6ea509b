"""The dialogue: takes an event, gives a new state and what to do. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from voicecore.dialogue.actions import Action
from voicecore.dialogue.agent import Agent
from voicecore.dialogue.events import (
    Delivered,
    Event,
    Generated,
    Heard,
    NoInput,
    Pressed,
    Resumed,
    Steered,
    ToolFailed,
    ToolReturned,
)
from voicecore.dialogue.expectations import expect
from voicecore.dialogue.flow import advance, enter
from voicecore.dialogue.hearing import heard
from voicecore.dialogue.intents import IntentIndex
from voicecore.dialogue.keypad import complete, pressed
from voicecore.dialogue.outcomes import failed, generated, returned
from voicecore.dialogue.readings import plain_words
from voicecore.dialogue.repair import silence, steered
from voicecore.dialogue.state import Answering, Asking, Calling, Checking, Confirming, State, Waiting
from voicecore.dialogue.turn import Turn, World
from voicecore.errors import UnexpectedEvent

TRANSFER = "transfer"
"""The id under which ToolFailed reports that a transfer came to nothing."""
HEARD_SHARE = 0.6
"""Share of a question's words that lets a caller know what is asked."""
HEARD_SHARE_CONFIRM = 0.85
"""The same for a read-back, where the end matters."""


class Dialogue:
    """An agent's conversation. Holds nothing that changes: one object serves all calls.

    ``today`` is the caller's date when the call began; relative dates are read from it.
    """

    def __init__(self, agent: Agent, intents: IntentIndex, today: date) -> None:
        self._world = World(agent, intents, today)

    def start(self) -> tuple[State, tuple[Action, ...]]:
        """The state of a call that was just answered, and the greeting."""
        turn = Turn(self._world, State())
        enter(turn, self._world.agent.persona.start)
        advance(turn)
        return self._finished(turn, fresh=True)

    @property
    def instruction(self) -> str:
        """How free text is to be worded: what a language model reads first."""
        return self._world.agent.persona.instruction

    def filler(self, nth: int, used: int, approval: bool = False) -> str:
        """What to say to a caller whose reply is late: the ``nth`` time while they wait, from 1.

        ``used`` is how many were said in the call; wordings vary with it. ``approval``: it is a person's
        decision that they wait for.
        """
        manners = self._world.agent.persona.manners
        if approval:
            wordings = manners.approval if nth == 1 else manners.approval_slow
        else:
            wordings = manners.busy if nth == 1 else manners.slow
        return wordings[used % len(wordings)]

    def step(self, state: State, event: Event) -> tuple[State, tuple[Action, ...]]:
        """What ``event`` leads to; ``state`` stays as it is.

        Events that have become pointless (a result nobody waits for, anything after the end) change
        nothing. Raises UnexpectedEvent for what is no event at all.
        """
        if isinstance(event, Delivered):
            return _delivered(state, event), ()
        if isinstance(event, Resumed):
            return _resumed(state), ()
        if not isinstance(event, Heard | Steered | Pressed | NoInput | ToolReturned | ToolFailed | Generated):
            raise UnexpectedEvent(state.waiting, event)
        if state.ended and not _still_of_use(state, event):
            return state, ()
        fresh = isinstance(event, Heard | Steered | Pressed | NoInput)
        turn = Turn(self._world, _answered(state, event) if fresh else state)
        match event:
            case Heard(transcript, vector):
                turn.transcript, turn.vector = transcript, vector
                _noted(turn, transcript.text)
                heard(turn)
            case Steered():
                steered(turn, event)
            case Pressed(digits):
                _noted(turn, digits)
                pressed(turn, digits)
            case NoInput():
                _silent(turn)
            case ToolReturned():
                returned(turn, event)
            case ToolFailed() if state.ended:
                turn.hang_up(turn.manner("handoff_failed"), "handoff-failed")
            case ToolFailed():
                failed(turn, event)
            case Generated():
                generated(turn, event)
        return self._finished(turn, fresh)

    def _finished(self, turn: Turn, fresh: bool) -> tuple[State, tuple[Action, ...]]:
        said = tuple(turn.sayings)
        if said:
            turn.set(last=said if fresh else (*turn.state.last, *said))
        return replace(turn.state, expectation=expect(self._world, turn.state)), tuple(turn.actions)


def _still_of_use(state: State, event: Event) -> bool:
    """Whether a caller who is being handed over speaks or waits, or hears that nobody takes the call."""
    failed = isinstance(event, ToolFailed) and event.id == TRANSFER
    return state.ended == "handoff" and (failed or isinstance(event, Heard | NoInput))


def _answered(state: State, event: Event) -> State:
    """``state`` once the caller has said something, or nothing: what depends on its being next is over."""
    checking_in = state.checking_in and isinstance(event, Heard)
    return replace(state, stopped=(), holding=False, checking_in=checking_in)


def _noted(turn: Turn, text: str) -> None:
    if text.strip():
        turn.set(history=(*turn.state.history, ("caller", text.strip())))


def _silent(turn: Turn) -> None:
    if turn.state.ended:
        turn.say(turn.manner("slow"))
    elif turn.state.keyed and isinstance(turn.state.waiting, Asking):
        complete(turn)
    elif not isinstance(turn.state.waiting, Calling | Answering):
        silence(turn)


def _delivered(state: State, event: Delivered) -> State:
    """Keep what was heard; after an interruption, remember what was not."""
    at = next((nth for nth, spoken in enumerate(state.queued) if spoken.id == event.say_id), None)
    if at is None:
        return state
    cut = state.queued[at]
    history = _told(state.history, cut.heard.strip(), event.heard.strip())
    if event.complete:
        return replace(state, history=history, queued=state.queued[at + 1 :])
    stopped = (*state.stopped, replace(cut, heard=event.heard), *state.queued[at + 1 :])
    known = len(plain_words(event.heard)) >= _words_needed(cut.text, state.waiting)
    missed = state.queued[at + 1 :] if known else state.queued[at:]
    return replace(state, history=history, queued=(), missed=missed, stopped=stopped)


def _resumed(state: State) -> State:
    """What was cut off is being said: it awaits its delivery like anything else."""
    return replace(state, queued=(*state.stopped, *state.queued), missed=(), stopped=())


def _told(history: tuple[tuple[str, str], ...], before: str, heard: str) -> tuple[tuple[str, str], ...]:
    """``history`` with what was heard of an utterance, of which ``before`` stands there already."""
    if before and ("agent", before) in history:
        at = len(history) - 1 - history[::-1].index(("agent", before))
        return (*history[:at], ("agent", heard), *history[at + 1 :])
    return (*history, ("agent", heard)) if heard else history


def _words_needed(text: str, waiting: Waiting) -> float:
    """How many of its words make an utterance known: all of a read-back's, else up to the question mark."""
    words = len(plain_words(text))
    if isinstance(waiting, Confirming | Checking):
        return HEARD_SHARE_CONFIRM * words
    asked, mark, _ = text.partition("?")
    return min(HEARD_SHARE * words, len(plain_words(asked)) if mark else words)
