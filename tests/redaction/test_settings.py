"""Settings of redaction."""

import pytest

from voicecore.config import parse_yaml
from voicecore.errors import ConfigError
from voicecore.redaction import RedactionSettings


def test_a_bundle_s_section():
    text = "patterns: [{name: order, cues: [order number], shape: '[0-9]{6}'}]\nroles: {viewer: {'*': token}}"
    assert parse_yaml(text, "agent.yaml", RedactionSettings).patterns[0].name == "order"


@pytest.mark.parametrize(
    "text",
    [
        "patterns: [{name: order, cues: [order number], shape: '['}]",
        "patterns: [{name: Order, cues: [order], shape: x}]",
        "patterns: [{name: order, cues: [], shape: x}]",
        "entities: [card, shoe_size]",
        "roles: {viewer: {card: everything}}",
        "threshold: 2",
    ],
)
def test_faults_are_refused(text):
    with pytest.raises(ConfigError, match="bad-field"):
        parse_yaml(text, "agent.yaml", RedactionSettings)
