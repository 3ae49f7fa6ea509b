"""What follows from a tool's result, its failure, or a generated answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, cast

from voicecore.dialogue.actions import CallTool
from voicecore.dialogue.events import Generated, ToolFailed, ToolReturned
from voicecore.dialogue.flow import advance, resume
from voicecore.dialogue.schema import Answer, Call, Tool
from voicecore.dialogue.state import Answering, Calling
from voicecore.dialogue.steering import carry_out
from voicecore.dialogue.turn import Turn, effect_key

FINAL = frozenset(
    (
        *("tool-unknown", "tool-bad-arguments", "tool-bad-answer", "tool-rejected"),
        *("tool-denied", "tool-limit", "tool-not-approved", "tool-paused"),
    )
)
"""Failures that trying again can't heal."""
_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "date": str,
    "list": list,
}


def returned(turn: Turn, event: ToolReturned) -> None:
    """Keep the result and go on; one that breaks its contract is a failure."""
    waiting = turn.state.waiting
    if not isinstance(waiting, Calling) or waiting.id != event.id:
        return
    if not fits(turn.world.agent.tools[waiting.name], event.result):
        failed(turn, ToolFailed(event.id, "tool-bad-answer"))
        return
    unsure = {k: v for k, v in turn.state.unsure.items() if k != effect_key(waiting.name, waiting.arguments)}
    step = cast(Call, turn.step)
    turn.set(values={**turn.state.values, step.save: dict(event.result)}, unsure=unsure)
    turn.go_on()
    if waiting.wish:
        carry_out(turn, waiting.wish)
    else:
        advance(turn)


def fits(tool: Tool, result: Mapping[str, Any]) -> bool:
    """Whether a result has the fields and types that the tool promises."""
    for name, kind in tool.returns.items():
        value = result.get(name)
        if value is None and kind.endswith("?"):
            continue
        plain = kind.removesuffix("?")
        if not isinstance(value, _TYPES[plain]) or (
            plain in ("integer", "number") and isinstance(value, bool)
        ):
            return False
        if plain == "date" and not _is_date(str(value)):
            return False
    return True


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def failed(turn: Turn, event: ToolFailed) -> None:
    """Try again under the same id, else say truthfully what does not work."""
    waiting = turn.state.waiting
    if isinstance(waiting, Answering) and waiting.id == event.id:
        generated(turn, Generated(event.id, ""))
        return
    if not isinstance(waiting, Calling) or waiting.id != event.id:
        return
    tool = turn.world.agent.tools[waiting.name]
    if waiting.tries <= tool.retries and event.code not in FINAL:
        turn.actions.append(CallTool(waiting.id, waiting.name, waiting.arguments, tool.read_only))
        turn.set(waiting=replace(waiting, tries=waiting.tries + 1))
        return
    if not tool.read_only:
        key = effect_key(waiting.name, waiting.arguments)
        turn.set(unsure={**turn.state.unsure, key: waiting.id})
    turn.say(turn.word(f"tools.{waiting.name}.fails", tool.fails))
    label = cast(Call, turn.step).failed
    if waiting.wish or not label:
        carry_out(turn, waiting.wish or "operator")
    else:
        turn.goto(label)
        advance(turn)


def generated(turn: Turn, event: Generated) -> None:
    """Speak an answer, sentence by sentence, and come back to where we were."""
    waiting = turn.state.waiting
    if not isinstance(waiting, Answering) or waiting.id != event.id:
        return
    turn.say(event.text)
    told = waiting.told or bool(event.text.strip())
    if event.more:
        turn.set(waiting=replace(waiting, told=told))
        return
    if not told:
        turn.say(turn.manner("no_answer"))
    if isinstance(turn.step, Answer):
        turn.go_on()
        advance(turn)
    else:
        resume(turn)
