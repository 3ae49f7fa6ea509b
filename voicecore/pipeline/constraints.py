"""Compiles an agent's guardrails into what it says and what its language model is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from voicecore.config import line_of
from voicecore.dialogue import Agent
from voicecore.dialogue.schema import Flow, Say
from voicecore.errors import ConfigError
from voicecore.guardrails import Disclosure, Guardrails
from voicecore.guardrails.checks.disclosures import is_said
from voicecore.guardrails.schema import FILE
from voicecore.pipeline.grounding import texts_of


def constrain(agent: Agent, rules: Guardrails, folder: Path | None = None) -> Agent:
    """``agent`` with the constraints in its instruction, and each disclosure in the flow that owes it.

    ``folder`` is where to point to in complaints. Raises ConfigError("bad-reference") with file, line and
    field for a disclosure whose flow the agent does not have.
    """
    flows = dict(agent.flows)
    for nth, disclosure in enumerate(rules.disclosures):
        if disclosure.flow is None:
            continue
        if disclosure.flow not in flows:
            raise _unknown(disclosure.flow, nth, folder)
        flows[disclosure.flow] = _told(flows[disclosure.flow], disclosure)
    persona = agent.persona.model_copy(update={"instruction": rules.instruction(agent.persona.instruction)})
    return replace(agent, persona=persona, flows=flows)


def _told(flow: Flow, disclosure: Disclosure) -> Flow:
    """``flow`` with the disclosure as its first step, unless it says it anyway."""
    if is_said(disclosure, tuple(texts_of(flow))):
        return flow
    return flow.model_copy(update={"steps": (Say(say=(disclosure.say,)), *flow.steps)})


def _unknown(flow: str, nth: int, folder: Path | None) -> ConfigError:
    field = f"disclosures.{nth}.flow"
    path = (folder or Path()) / FILE
    line = line_of(path.read_text(encoding="utf-8"), ("disclosures", nth, "flow")) if path.is_file() else 1
    message = f"{path}:{line}: {field}: no flow {flow!r}"
    return ConfigError("bad-reference", message, file=str(path), line=line, field=field)
