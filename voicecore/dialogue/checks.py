"""Faults that one file alone cannot show: names, labels, templates and effects across an agent's files."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voicecore.config import line_of
from voicecore.dialogue.manners import Manners
from voicecore.dialogue.schema import (
    Answer,
    Ask,
    Branch,
    Call,
    Confirm,
    Flow,
    Goto,
    Route,
    Run,
    Say,
    Step,
    Undo,
)
from voicecore.dialogue.template import FORMS, holes
from voicecore.errors import ConfigError

if TYPE_CHECKING:
    from voicecore.dialogue.agent import Agent

Loc = tuple[int | str, ...]
FLOW_END = "done"
"""The label of every flow's end."""


@dataclass(frozen=True, slots=True)
class _Fault:
    file: str
    loc: Loc
    what: str


def check_references(agent: Agent, files: Mapping[str, str], names: Mapping[str, str]) -> None:
    """Raise ConfigError("bad-reference") naming file, line and field of every fault.

    ``files`` are the texts by relative path, ``names`` what to call them in complaints.
    """
    faults = [
        *_persona_faults(agent),
        *_intent_faults(agent),
        *_slot_faults(agent),
        *_tool_faults(agent),
        *(fault for name in agent.flows for fault in _calls_faults(agent, name)),
        *(fault for name in agent.flows for fault in _flow_faults(agent, name)),
        *_endless_runs(agent),
    ]
    if not faults:
        return
    lines = [
        (names[f.file], line_of(files[f.file], f.loc), ".".join(map(str, f.loc)), f.what) for f in faults
    ]
    file, line, field, _ = lines[0]
    message = "\n".join(f"{file}:{line}: {field}: {what}" for file, line, field, what in lines)
    raise ConfigError("bad-reference", message, file=file, line=line, field=field)


def _unknown(kind: str, name: str, known: Collection[str]) -> str:
    return f"unknown {kind} {name!r} (known: {', '.join(sorted(known)) or 'none'})"


def _persona_faults(agent: Agent) -> Iterator[_Fault]:
    start = agent.persona.start
    if start not in agent.flows:
        yield _Fault("agent.yaml", ("start",), _unknown("flow", start, agent.flows))
    allowed = {name: _paths(field.default) for name, field in Manners.model_fields.items()}
    for name in agent.persona.manners.model_fields_set:
        for nth, text in enumerate(getattr(agent.persona.manners, name)):
            for path in sorted(_paths((text,)) - allowed[name]):
                what = _unknown("value", path, allowed[name])
                yield _Fault("agent.yaml", ("manners", name, nth), what)


def _paths(texts: tuple[str, ...]) -> frozenset[str]:
    return frozenset(hole.path for text in texts for hole in holes(text))


def _intent_faults(agent: Agent) -> Iterator[_Fault]:
    for name, intent in agent.intents.items():
        at: Loc = ("intents", name)
        if intent.flow is not None and intent.flow not in agent.flows:
            yield _Fault("intents.yaml", (*at, "flow"), _unknown("flow", intent.flow, agent.flows))
        if intent.answer is not None and intent.answer not in agent.topics:
            what = _unknown("knowledge file", intent.answer, agent.topics)
            yield _Fault("intents.yaml", (*at, "answer"), what)
        for nth, slot in enumerate(intent.slots):
            if slot not in agent.slots:
                what = _unknown("slot", slot, agent.slots)
                yield _Fault("intents.yaml", (*at, "slots", nth), what)


def _slot_faults(agent: Agent) -> Iterator[_Fault]:
    own = ("prompt", "again", "reprompts", "invalid", "ack")
    for name, slot in agent.slots.items():
        for field in own:
            for nth, text in enumerate(getattr(slot, field) or ()):
                for hole in holes(text):
                    fault = _hole_fault(agent, hole.path, hole.form, extra=("value",))
                    if fault:
                        yield _Fault("slots.yaml", ("slots", name, field, nth), fault)


def _tool_faults(agent: Agent) -> Iterator[_Fault]:
    for name, tool in agent.tools.items():
        for hole in holes(tool.path):
            if hole.path not in tool.arguments:
                what = _unknown("argument", hole.path, tool.arguments)
                yield _Fault("tools.yaml", ("tools", name, "path"), what)
        if tool.undo is not None:
            yield from _undo_faults(agent, name, tool.undo)


def _undo_faults(agent: Agent, name: str, undo: Undo) -> Iterator[_Fault]:
    at = ("tools", name, "undo")
    if undo.tool not in agent.tools:
        yield _Fault("tools.yaml", (*at, "tool"), _unknown("tool", undo.tool, agent.tools))
        return
    takes, tool = agent.tools[undo.tool], agent.tools[name]
    known = {f"arguments.{n}": kind for n, kind in tool.arguments.items()}
    known |= {f"result.{n}": kind for n, kind in tool.returns.items()}
    if takes.read_only or tool.read_only:
        yield _Fault("tools.yaml", at, "both tools must change something (read_only: false)")
    if undo.done is not None and takes.returns.get(undo.done) != "boolean":
        yield _Fault("tools.yaml", (*at, "done"), f"{undo.tool!r} returns no boolean {undo.done!r}")
    for argument, source in undo.arguments.items():
        if argument not in takes.arguments:
            what = _unknown("argument", argument, takes.arguments)
            yield _Fault("tools.yaml", (*at, "arguments", argument), what)
        if source not in known:
            yield _Fault("tools.yaml", (*at, "arguments", argument), _unknown("source", source, known))
    for argument, kind in takes.arguments.items():
        if argument not in undo.arguments and not kind.endswith("?"):
            what = f"argument {argument!r} of tool {undo.tool!r} is missing"
            yield _Fault("tools.yaml", (*at, "arguments"), what)


def results(agent: Agent) -> dict[str, frozenset[str]]:
    """Where flows save tool results: name -> fields that the tool returns."""
    saved: dict[str, frozenset[str]] = {}
    for flow in agent.flows.values():
        for step in flow.steps:
            if isinstance(step, Call) and step.call in agent.tools:
                fields = frozenset(agent.tools[step.call].returns)
                saved[step.save] = saved.get(step.save, frozenset()) | fields
    return saved


def _path_fault(agent: Agent, path: str) -> str | None:
    """What is wrong with ``slot`` or ``result.field``, if anything is."""
    root, _, field = path.partition(".")
    saved = results(agent)
    if root in agent.slots and not field:
        return None
    if root not in saved:
        return _unknown("value", path, [*agent.slots, *saved])
    if field not in saved[root] and (field or not saved[root]):
        return _unknown("field", path, [f"{root}.{name}" for name in saved[root]])
    return None


def _hole_fault(agent: Agent, path: str, form: str, extra: Collection[str] = ()) -> str | None:
    if form and form not in FORMS:
        return _unknown("form", form, FORMS)
    return None if path in extra else _path_fault(agent, path)


def _flow_faults(agent: Agent, name: str) -> Iterator[_Fault]:
    flow, file = agent.flows[name], f"flows/{name}.yaml"
    labels = [FLOW_END, *(step.id for step in flow.steps if step.id)]
    for nth, step in enumerate(flow.steps):
        at: Loc = ("steps", nth)
        if step.id and labels.count(step.id) > 1:
            yield _Fault(file, (*at, "id"), f"label {step.id!r} exists already")
        for loc, label in _labels(step):
            if label not in labels:
                yield _Fault(file, (*at, *loc), _unknown("label", label, labels))
        for loc, kind, known, used in _names(agent, step):
            if used not in known:
                yield _Fault(file, (*at, *loc), _unknown(kind, used, known))
        for loc, what in (*_text_faults(agent, step), *_value_faults(agent, step)):
            yield _Fault(file, (*at, *loc), what)


def _calls_faults(agent: Agent, name: str) -> Iterator[_Fault]:
    """Faults of tool calls; told first, as what is saved wrongly is missed elsewhere."""
    flow = agent.flows[name]
    for nth, step in enumerate(flow.steps):
        if isinstance(step, Call):
            for loc, what in _call_faults(agent, flow, nth, step):
                yield _Fault(f"flows/{name}.yaml", ("steps", nth, *loc), what)


def _labels(step: Step) -> Iterator[tuple[Loc, str]]:
    if isinstance(step, Confirm):
        yield ("declined",), step.declined
    if isinstance(step, Call) and step.failed:
        yield ("failed",), step.failed
    if isinstance(step, Goto):
        yield ("goto",), step.goto
    if isinstance(step, Branch):
        yield from ((("branch", nth, "goto"), case.goto) for nth, case in enumerate(step.branch))
    if isinstance(step, Goto | Branch) and step.otherwise:
        yield ("otherwise",), step.otherwise


def _names(agent: Agent, step: Step) -> Iterator[tuple[Loc, str, Collection[str], str]]:
    """Field, kind, known names and used name, for every name a step takes from another file."""
    if isinstance(step, Ask):
        yield ("ask",), "slot", agent.slots, step.ask
        yield from ((("also", nth), "slot", agent.slots, slot) for nth, slot in enumerate(step.also))
    if isinstance(step, Confirm):
        yield from ((("slots", nth), "slot", agent.slots, slot) for nth, slot in enumerate(step.slots))
    if isinstance(step, Goto):
        yield from ((("clear", nth), "slot", agent.slots, slot) for nth, slot in enumerate(step.clear))
    if isinstance(step, Route):
        yield from ((("menu", nth), "intent", agent.intents, name) for nth, name in enumerate(step.menu))
    if isinstance(step, Run):
        yield ("run",), "flow", agent.flows, step.run
    if isinstance(step, Answer):
        yield ("answer",), "knowledge file", agent.topics, step.answer


def _text_faults(agent: Agent, step: Step) -> Iterator[tuple[Loc, str]]:
    extra = ("item",) if isinstance(step, Say) and step.each else ()
    fields = [
        field
        for field in ("say", "route", "more", "confirm", "wait", "handoff", "end")
        if hasattr(step, field)
    ]
    for field in fields:
        for nth, text in enumerate(getattr(step, field) or ()):
            for hole in holes(text):
                inner = hole.path.split(".")[0] in extra
                fault = _hole_fault(agent, hole.path, hole.form, (hole.path,) if inner else ())
                if fault:
                    yield (field, nth), fault


def _value_faults(agent: Agent, step: Step) -> Iterator[tuple[Loc, str]]:
    paths: list[tuple[Loc, str]] = []
    if isinstance(step, Say) and step.each:
        paths.append((("each",), step.each))
    if isinstance(step, Run) and step.unless:
        paths.append((("unless",), step.unless))
    if isinstance(step, Call):
        paths += [(("arguments", name), path) for name, path in step.arguments.items()]
    if isinstance(step, Branch):
        paths += [
            (("branch", n, "when", path), path) for n, case in enumerate(step.branch) for path in case.when
        ]
    for loc, path in paths:
        fault = _path_fault(agent, path)
        if fault:
            yield loc, fault


def _call_faults(agent: Agent, flow: Flow, nth: int, step: Call) -> Iterator[tuple[Loc, str]]:
    if step.call not in agent.tools:
        yield ("call",), _unknown("tool", step.call, agent.tools)
        return
    tool = agent.tools[step.call]
    for name in step.arguments:
        if name not in tool.arguments:
            yield ("arguments", name), _unknown("argument", name, tool.arguments)
    for name, kind in tool.arguments.items():
        if name not in step.arguments and not kind.endswith("?"):
            yield ("arguments",), f"argument {name!r} of tool {step.call!r} is missing"
    if step.save in agent.slots:
        yield ("save",), f"{step.save!r} is already the name of a slot"
    before = next((s for s in reversed(flow.steps[:nth]) if not isinstance(s, Say)), None)
    if not tool.read_only and not isinstance(before, Confirm):
        yield ("call",), f"tool {step.call!r} changes something: the step before it must be a confirm"


def _endless_runs(agent: Agent) -> Iterator[_Fault]:
    def reaches(start: str, flow: str, seen: set[str]) -> bool:
        for step in agent.flows[flow].steps:
            if isinstance(step, Run) and step.run in agent.flows:
                if step.run == start:
                    return True
                if step.run not in seen and reaches(start, step.run, seen | {step.run}):
                    return True
        return False

    for name, flow in agent.flows.items():
        for nth, step in enumerate(flow.steps):
            if isinstance(step, Run) and step.run in agent.flows and reaches(name, name, set()):
                what = f"flow {name!r} would run itself"
                yield _Fault(f"flows/{name}.yaml", ("steps", nth, "run"), what)
