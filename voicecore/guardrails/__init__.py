"""Guardrails: what callers may lead the agent to, and what it may say. Pure decisions in layers."""

from voicecore.guardrails.findings import Action, Cost, Finding, Verdict
from voicecore.guardrails.grounds import Grounds
from voicecore.guardrails.schema import Disclosure, Guardrails, load_guardrails, parse_guardrails
from voicecore.guardrails.supervisor import Layers, Supervisor
from voicecore.guardrails.turn import Heard, State

__all__ = [
    "Action",
    "Cost",
    "Disclosure",
    "Finding",
    "Grounds",
    "Guardrails",
    "Heard",
    "Layers",
    "State",
    "Supervisor",
    "Verdict",
    "load_guardrails",
    "parse_guardrails",
]
