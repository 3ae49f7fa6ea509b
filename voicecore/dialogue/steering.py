"""Carries out what a caller may say at any time, and takes the conversation where they want it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from voicecore.dialogue.commands import Command
from voicecore.dialogue.flow import advance, answer, enter, resume, route_key
from voicecore.dialogue.prompts import prompt
from voicecore.dialogue.readings import read_slots
from voicecore.dialogue.repair import examples, understood
from voicecore.dialogue.schema import Ask, Call, Route
from voicecore.dialogue.state import Disambiguating, Idle, Offering, Proposing, Routing
from voicecore.dialogue.turn import Turn

GRAVE: tuple[Command, ...] = ("operator", "goodbye", "cancel")
DEEPEST = 6
"""Flows on top of each other; beyond it a new wish replaces what was under way."""


def hardly_heard(turn: Turn) -> bool:
    """Whether the recogniser all but guessed."""
    return turn.transcript.confidence < turn.world.agent.persona.confidence.weak


def obey(turn: Turn, command: Command) -> None:
    """Do what ``command`` says; what can't be undone is checked first if it was hardly heard."""
    understood(turn, command)
    if hardly_heard(turn) and command in GRAVE and not isinstance(turn.state.waiting, Offering):
        turn.set(waiting=Offering(command))
        turn.put(turn.state.waiting, prompt(turn))
    else:
        carry_out(turn, command)


def carry_out(turn: Turn, command: Command) -> None:
    """Do what ``command`` says at once."""
    _COMMANDS[command](turn)


def _operator(turn: Turn) -> None:
    turn.hand_off()


def _goodbye(turn: Turn) -> None:
    turn.hang_up(turn.manner("goodbye"), "goodbye")


def _repeat(turn: Turn) -> None:
    lines = turn.state.last or (prompt(turn),)
    lead = turn.manner("repeat")
    for nth, line in enumerate(lines):
        turn.say(f"{lead} {line}" if nth == 0 else line, question=nth == len(lines) - 1)
    turn.sayings[:] = lines


def _back(turn: Turn) -> None:
    steps = turn.flow.steps[: turn.frame.pc]
    asked = [nth for nth, step in enumerate(steps) if isinstance(step, Ask) and step.ask in turn.state.values]
    if not asked:
        turn.say(f"{turn.manner('back_start')} {prompt(turn, again=True)}", question=True)
        return
    results = [step.save for step in steps[asked[-1] :] if isinstance(step, Call)]
    step = steps[asked[-1]]
    assert isinstance(step, Ask)
    turn.forget([step.ask, *results])
    turn.say(turn.manner("back"))
    turn.move(pc=asked[-1])
    turn.set(waiting=Idle())
    advance(turn)


def _cancel(turn: Turn) -> None:
    if abandon(turn):
        turn.say(turn.manner("cancelled"))
        advance(turn)
    elif isinstance(turn.state.waiting, Disambiguating | Offering | Proposing):
        turn.say(turn.manner("cancelled"))
        resume(turn)
    else:
        turn.say(f"{turn.manner('nothing_to_cancel')} {prompt(turn)}", question=True)


def abandon(turn: Turn) -> bool:
    """Drop what is under way, back to the last route step; False if there is nothing to drop."""
    stack = turn.state.stack
    flows = turn.world.agent.flows
    for depth in range(len(stack) - 2, -1, -1):
        if isinstance(flows[stack[depth].flow].steps[stack[depth].pc], Route):
            for frame in stack[depth + 1 :]:
                clear(turn, frame.flow)
            turn.set(stack=stack[: depth + 1], waiting=Idle())
            return True
    return False


def clear(turn: Turn, flow: str) -> None:
    """Forget the slots, results and tries of a flow, so that it begins afresh."""
    steps = turn.world.agent.flows[flow].steps
    asked = [step.ask for step in steps if isinstance(step, Ask)]
    turn.forget([*asked, *(step.save for step in steps if isinstance(step, Call))])
    visits = {key: times for key, times in turn.state.visits.items() if not key.startswith(f"{flow}.")}
    turn.set(visits=visits)


def _help(turn: Turn) -> None:
    known = examples(turn) if isinstance(turn.state.waiting, Routing) else ""
    turn.say(f"{known} {turn.manner('help')}")
    turn.say(prompt(turn, again=True), question=True)


def _wait(turn: Turn) -> None:
    turn.say(turn.manner("wait"))
    turn.sayings.clear()
    turn.set(holding=True)


_COMMANDS: Mapping[Command, Callable[[Turn], None]] = {
    "operator": _operator,
    "goodbye": _goodbye,
    "repeat": _repeat,
    "back": _back,
    "cancel": _cancel,
    "help": _help,
    "wait": _wait,
}


def begin(turn: Turn, name: str, question: str, instead: bool = False) -> None:
    """Do what the caller wants: answer, or run the intent's flow; ``instead`` drops what was under way."""
    understood(turn, name)
    intent = turn.world.agent.intents[name]
    if instead or len(turn.state.stack) >= DEEPEST:
        abandon(turn)
    if isinstance(turn.step, Route):
        turn.set(visits={**turn.state.visits, route_key(turn): 1})
    if intent.flow is None:
        answer(turn, question, intent.answer)
        return
    under_way = intent.flow in {frame.flow for frame in turn.state.stack}
    if not under_way:
        clear(turn, intent.flow)
    slots = {slot: turn.world.agent.slots[slot] for slot in intent.slots if slot not in turn.state.values}
    readings = read_slots(slots, question, turn.world.today)
    sure = turn.transcript.confidence >= turn.world.agent.persona.confidence.sure
    good = {slot: r.value for slot, r in readings.items() if sure and r.certain and not r.problem}
    turn.fill_slots(good)
    if under_way:
        turn.set(waiting=Idle())
        advance(turn)
    else:
        turn.move(away=True)
        enter(turn, intent.flow, question)
        advance(turn)


def which_intent(turn: Turn, rivals: tuple[str, str]) -> None:
    """Ask which of two wishes was meant."""
    understood(turn, "")
    turn.set(waiting=Disambiguating(rivals, turn.text))
    turn.put(turn.state.waiting, prompt(turn))
