"""What roles see."""

import pytest

from voicecore.redaction.secrets import Secrets
from voicecore.redaction.views import view

ROLES = {
    "supervisor": {"card": "tail", "name": "value", "cvv": "value"},
    "compliance": {"*": "value"},
}


@pytest.fixture
def secrets():
    held = Secrets()
    for entity, value in (("card", "4111111111111111"), ("cvv", "123"), ("name", "jane doe")):
        held.conceal(entity, value)
    return held


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        ("viewer", "[NAME_1] paid with [CARD_1], [CVV_1]"),
        ("supervisor", "jane doe paid with ••••1111, [CVV_1]"),
        ("compliance", "jane doe paid with 4111111111111111, [CVV_1]"),
    ],
)
def test_views(secrets, role, seen):
    assert view("[NAME_1] paid with [CARD_1], [CVV_1]", role, secrets, ROLES) == seen


def test_short_values_have_no_tail(secrets):
    assert (
        view(secrets.conceal("account", "12345"), "a", secrets, {"a": {"account": "tail"}}) == "[ACCOUNT_1]"
    )
