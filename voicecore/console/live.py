"""Shows calls as they happen: a live picture on a terminal, plain lines anywhere else."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from voicecore.console.conversation import Conversation, ToolUse, Utterance

_STYLE = {"caller": "cyan", "agent": "green", "person": "magenta"}
_NAME = {"caller": "understood", "agent": "agent", "person": "caller"}
_FLOOR = {
    "listening": "○",
    "hearing": "◉",
    "soft-end": "◌",
    "thinking": "…",
    "speaking": "●",
    "ducking": "◐",
    "interrupted": "■",
}
_KEPT_CALLS = 4


class LiveView:
    """Shows events as they come, from the feed and (``person.says``) from a scripted caller.

    On a terminal a picture that is redrawn; elsewhere (a pipe, CI, TERM=dumb) one line per event.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console()
        self._calls: dict[str, Conversation] = {}
        redrawn = self.console.is_terminal and not self.console.is_dumb_terminal
        self._live = Live(console=self.console, refresh_per_second=12) if redrawn else None

    @property
    def calls(self) -> list[Conversation]:
        """All calls seen, oldest first."""
        return list(self._calls.values())

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, event: dict[str, Any]) -> None:
        """Take in one event; one that names no call (a scripted caller's) goes to the newest."""
        name = event.get("call") or next(reversed(self._calls), "")
        conversation = self._calls.setdefault(name, Conversation(call=name))
        conversation.apply(event)
        if self._live is not None:
            self._live.update(picture(self.calls[-_KEPT_CALLS:], max(6, self.console.height - 6)))
            return
        for line in plain_lines(conversation, event):
            self.console.print(line, highlight=False, soft_wrap=True)


async def watch(
    feed: AsyncIterator[dict[str, Any]],
    console: Console | None = None,
    until: Callable[[dict[str, Any]], bool] | None = None,
) -> list[Conversation]:
    """Show the feed until it ends, or ``until`` says that an event was the last; all calls seen."""
    with LiveView(console) as view:
        async for event in feed:
            view.show(event)
            if until is not None and until(event):
                break
    return view.calls


def picture(calls: list[Conversation], room: int = 30) -> RenderableType:
    """All ``calls`` one under the other; ``room`` is how many lines of talk fit."""
    share = max(4, room // max(1, len(calls)))
    return Group(*(_panel(conversation, share) for conversation in calls))


def plain_lines(conversation: Conversation, event: dict[str, Any]) -> list[str]:
    """What to print for one event where nothing can be redrawn (markup escaped); often nothing."""
    at = f"{conversation.clock:7.2f}s  "
    match event["type"]:
        case "call.started":
            return [escape(f"{at}call {conversation.title} ({conversation.codec})")]
        case "caller.said" | "agent.says" | "person.says":
            last = conversation.said[-1]
            return [escape(f"{at}{_NAME[last.who]:>10}: {last.text}{_note(last)}")]
        case "agent.heard" if not event.get("complete", True):
            return [escape(f"{at}{'agent':>10}  was cut short after: {event['text'] or '(nothing)'}")]
        case "tool":
            return [escape(f"{at}{'tool':>10}: {_tool(conversation.tools[-1])}")]
        case "call.ended":
            return [escape(f"{at}call ended: {json.dumps(conversation.outcome, default=str)}")]
    return []


def _panel(conversation: Conversation, room: int) -> Panel:
    talk = Table.grid(padding=(0, 1))
    talk.add_column(justify="right", style="dim", no_wrap=True)
    talk.add_column(justify="right", no_wrap=True)
    talk.add_column(overflow="fold")
    for utterance in conversation.said[-room:]:
        name = Text(_NAME[utterance.who], style=_STYLE[utterance.who])
        talk.add_row(f"{utterance.at:.1f}", name, _words(utterance))
    if conversation.partial:
        talk.add_row("", Text("hearing", style="dim cyan"), Text(conversation.partial, style="dim italic"))
    parts: list[RenderableType] = [talk]
    if conversation.tools:
        parts.append(Text())
        for tool in conversation.tools[-4:]:
            mark, style = ("✓", "yellow") if tool.ok else ("✗", "red")
            parts.append(Text(f"{tool.at:>6.1f} {mark} {_tool(tool)}", style=style))
    ended = conversation.outcome is not None
    state = "ended" if ended else f"{_FLOOR.get(conversation.floor, '·')} {conversation.floor}"
    title = Text(f" {conversation.title}  {conversation.codec} ")
    subtitle = Text(f" {state}  {conversation.clock:.1f} s ", style="dim" if ended else "bold")
    return Panel(Group(*parts), title=title, subtitle=subtitle, title_align="left", subtitle_align="right")


def _words(utterance: Utterance) -> Text:
    """What was said; of an agent's sentence the part not yet or never heard is dim."""
    if utterance.who != "agent":
        return Text(utterance.text) + Text(_note(utterance), style="dim")
    heard = utterance.heard or ""
    text = Text(utterance.text, style="dim")
    text.stylize("not dim", 0, len(heard))
    if utterance.note:
        text.stylize("strike", len(heard))
    return text + Text(_note(utterance), style="dim")


def _note(utterance: Utterance) -> str:
    return f"  [{utterance.note}]" if utterance.note else ""


def _tool(tool: ToolUse) -> str:
    arguments = ", ".join(f"{name}={value}" for name, value in tool.arguments.items())
    took = "" if tool.ms is None else f" {tool.ms:.0f} ms"
    return f"{tool.name}({arguments}) {'ok' if tool.ok else 'failed'}{took}"
