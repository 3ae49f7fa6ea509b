"""What an agent's folder says about trust: guardrails, private data and policy, checked before it serves."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from voicecore.config import TrustSettings
from voicecore.dialogue import Agent, State, load_agent
from voicecore.errors import ConfigError
from voicecore.guardrails import Action, Guardrails, Layers, Supervisor, load_guardrails
from voicecore.guardrails.checks import OUTPUT
from voicecore.pipeline.constraints import constrain
from voicecore.pipeline.grounding import Grounding
from voicecore.policy import Policy, load_policy
from voicecore.redaction import Rules, load_redaction


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for every call of an agent. None: the appliance's file switched it off."""

    agent: Agent
    """With its constraints compiled in."""
    guardrails: Guardrails | None
    rules: Rules | None
    """Of redaction."""
    policy: Policy | None
    version: str
    """SHA-256 of the folder: names, and what is in the files."""


def load_terms(folder: Path, settings: TrustSettings) -> Terms:
    """Read and check the folder of an agent; a policy is proved, which may take seconds.

    Raises ConfigError: the folder's faults, ``policy-unproved``, ``no-such-file`` (tools without a policy).
    """
    agent = load_agent(folder)
    guardrails = load_guardrails(folder) if settings.guard else None
    if guardrails is not None:
        agent = constrain(agent, guardrails, folder)
    policy = None
    if settings.policy and agent.tools:
        from voicecore.policy.proof import require_proved  # noqa: PLC0415  # z3 is loaded for this only

        policy = load_policy(folder)
        require_proved(policy)
    rules = Rules(load_redaction(folder)) if settings.redact else None
    return Terms(agent, guardrails, rules, policy, folder_digest(folder))


def folder_digest(folder: Path) -> str:
    """SHA-256 over all files of a folder, by name."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


async def approve_fixed(terms: Terms, clock: float = 0.0) -> None:
    """Have the guardrails judge what is said without asking them in the call: texts that never change.

    Raises ConfigError("unsafe-wording").
    """
    if terms.guardrails is None:
        return
    persona = terms.agent.persona
    checks = {name: check for name, check in OUTPUT.items() if name != "disclosures"}
    supervisor = Supervisor(Layers(terms.guardrails, output=checks), lambda: clock)
    grounds = Grounding(terms.agent).of(State())
    for text in persona.manners.fixed:
        verdict = await supervisor.about_to_say(text, grounds)
        if verdict.action is not Action.ALLOW:
            raise ConfigError("unsafe-wording", f"{text!r}: {', '.join(verdict.reasons)}", text=text)
