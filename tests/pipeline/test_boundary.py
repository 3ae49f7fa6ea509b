"""The boundary: what the agent names is reachable, and its back-end only if the appliance has no other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from voicecore.config import Appliance
from voicecore.dialogue import load_agent
from voicecore.dialogue.schema import Handoff
from voicecore.pipeline.boundary import boundary

FOLDER = Path("voicecore/examples/billing")


def test_the_agents_own_peers_are_reachable() -> None:
    example = load_agent(FOLDER)
    persona = example.persona.model_copy(update={"handoff": Handoff(target="sip:desk@10.9.9.9")})
    agent = replace(example, persona=persona, backend="http://10.8.8.8:8090")
    own = boundary(Appliance(agent=FOLDER), agent)
    assert own.allows("10.9.9.9", 5060)
    assert own.allows("10.8.8.8", 8090)
    assert not own.allows("10.8.8.8", 8091)
    other = boundary(Appliance(agent=FOLDER, backend="https://10.7.7.7"), agent)
    assert other.allows("10.7.7.7", 443)
    assert not other.allows("10.8.8.8", 8090)
