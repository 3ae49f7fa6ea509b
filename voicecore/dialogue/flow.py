"""Runs flows: one function per kind of step, until something has to be waited for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from voicecore.dialogue.prompts import prompt
from voicecore.dialogue.schema import (
    Answer,
    Ask,
    Bound,
    Branch,
    Call,
    Confirm,
    End,
    Goto,
    HandOver,
    Route,
    Run,
    Say,
    Step,
)
from voicecore.dialogue.state import Asking, Confirming, Frame, Idle, Routing
from voicecore.dialogue.template import lookup
from voicecore.dialogue.turn import Turn

MOST_STEPS = 200
"""Steps without a word from outside; a flow that needs more goes round in circles."""


def advance(turn: Turn) -> None:
    """Run the flow on until the caller, a tool or the end of the call is awaited."""
    for _ in range(MOST_STEPS):
        if not isinstance(turn.state.waiting, Idle):
            return
        if not turn.state.stack:
            turn.hang_up(turn.manner("goodbye"), "done")
        elif turn.frame.pc >= len(turn.flow.steps):
            _leave(turn)
        else:
            _STEPS[type(turn.step)](turn, turn.step)
    turn.hand_off()


def enter(turn: Turn, flow: str, question: str = "") -> None:
    """Begin a flow on top of the current one."""
    turn.set(stack=(*turn.state.stack, Frame(flow, question=question)), waiting=Idle())


def resume(turn: Turn) -> None:
    """Come back to the step that something else came in between of."""
    turn.move(away=True)
    turn.set(waiting=Idle())
    advance(turn)


def _leave(turn: Turn) -> None:
    """The flow on top is complete: go on with the one below."""
    flow = turn.frame.flow
    turn.set(stack=turn.state.stack[:-1], done=(*turn.state.done, flow))
    if turn.state.stack and isinstance(turn.step, Run):
        turn.go_on()


def _lead_back(turn: Turn) -> bool:
    """Say where we are after something else; whether there was something."""
    away = turn.frame.away
    if away and turn.flow.resume:
        turn.say(turn.word(f"{turn.frame.flow}.resume", turn.flow.resume))
    turn.move(away=False)
    return away


def _say(turn: Turn, step: Say) -> None:
    key = f"{turn.frame.flow}.{turn.frame.pc}.say"
    if step.each is None:
        turn.say(turn.word(key, step.say))
    else:
        items = lookup(turn.state.values, step.each)
        for nth, item in enumerate(items if isinstance(items, list) else []):
            text = step.say[nth % len(step.say)]
            turn.say(turn.filled(text, {**turn.state.values, "item": item}, {}))
    turn.go_on()


def _ask(turn: Turn, step: Ask) -> None:
    if step.ask in turn.state.values:
        turn.go_on()
        return
    again = _lead_back(turn)
    turn.set(waiting=Asking(step.ask, step.also))
    turn.put(turn.state.waiting, prompt(turn, again))


def _route(turn: Turn, _: Route) -> None:
    _lead_back(turn)
    turn.set(waiting=Routing(done=route_key(turn) in turn.state.visits))
    turn.put(turn.state.waiting, prompt(turn))


def route_key(turn: Turn) -> str:
    """Under which the visits of the current route step are counted."""
    return f"{turn.frame.flow}.{turn.frame.pc}"


def _confirm(turn: Turn, step: Confirm) -> None:
    _lead_back(turn)
    turn.set(waiting=Confirming(step.slots))
    turn.put(turn.state.waiting, prompt(turn))


def _call(turn: Turn, step: Call) -> None:
    tool = turn.world.agent.tools[step.call]
    guard = _guard(turn)
    if not tool.read_only and turn.state.consent != (turn.frame.flow, guard):
        turn.move(pc=guard)
        return
    arguments = {name: lookup(turn.state.values, path) for name, path in step.arguments.items()}
    if step.wait:
        turn.say(turn.word(f"{turn.frame.flow}.{turn.frame.pc}.wait", step.wait))
    turn.call_tool(step.call, {name: value for name, value in arguments.items() if value is not None})


def _guard(turn: Turn) -> int:
    """The step before this one that is not a say; for an effect it is a confirm (see checks)."""
    before = range(turn.frame.pc - 1, -1, -1)
    return next((nth for nth in before if not isinstance(turn.flow.steps[nth], Say)), 0)


def _branch(turn: Turn, step: Branch) -> None:
    for case in step.branch:
        if all(_holds(turn.state.values, path, wanted) for path, wanted in case.when.items()):
            turn.goto(case.goto)
            return
    if step.otherwise:
        turn.goto(step.otherwise)
    else:
        turn.go_on()


def _holds(values: Mapping[str, Any], path: str, wanted: bool | int | str | Bound) -> bool:
    value = lookup(values, path)
    if isinstance(wanted, Bound):
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        above = wanted.above is None or value > wanted.above
        return above and (wanted.below is None or value < wanted.below)
    return type(value) is type(wanted) and value == wanted


def _goto(turn: Turn, step: Goto) -> None:
    turn.forget(step.clear)
    key = route_key(turn)
    visits = turn.state.visits.get(key, 0) + 1
    turn.set(visits={**turn.state.visits, key: visits})
    over = step.at_most is not None and visits > step.at_most
    turn.goto(step.otherwise if over and step.otherwise else step.goto)


def _run(turn: Turn, step: Run) -> None:
    if step.unless and lookup(turn.state.values, step.unless):
        turn.go_on()
    else:
        enter(turn, step.run, turn.frame.question)


def _answer(turn: Turn, step: Answer) -> None:
    answer(turn, turn.frame.question, step.answer)


def answer(turn: Turn, question: str, topic: str | None) -> None:
    """Have ``question`` answered from the knowledge base."""
    vector = turn.vector if question == turn.text else None
    found = turn.world.intents.retrieve(question, vector, topic)
    turn.generate(question, [passage.text for passage, _ in found])


def _handoff(turn: Turn, step: HandOver) -> None:
    turn.hand_off(turn.word(f"{turn.frame.flow}.{turn.frame.pc}.handoff", step.handoff))


def _end(turn: Turn, step: End) -> None:
    turn.hang_up(turn.word(f"{turn.frame.flow}.{turn.frame.pc}.end", step.end), "done")


_STEPS = cast(
    dict[type[Step], Callable[[Turn, Step], None]],
    {
        Say: _say,
        Ask: _ask,
        Route: _route,
        Confirm: _confirm,
        Call: _call,
        Branch: _branch,
        Goto: _goto,
        Run: _run,
        Answer: _answer,
        HandOver: _handoff,
        End: _end,
    },
)
