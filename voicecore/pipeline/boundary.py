"""Whom an appliance may reach with this agent: its own settings, and the agent's."""

from __future__ import annotations

from voicecore.config import Appliance
from voicecore.dialogue import Agent
from voicecore.egress import Peers, peers_of


def boundary(appliance: Appliance, agent: Agent) -> Peers:
    """The allow-list, names resolved. Raises ConfigError: ``bad-peer``, ``unknown-peer``."""
    backend = agent.backend if appliance.backend is None else None
    more = (("agent.yaml: handoff.target", agent.persona.handoff.target), ("tools.yaml: base_url", backend))
    return Peers(peers_of(appliance, more))
