"""A small agent's policy, and ways to change it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from voicecore.policy import Policy, Request

TOOLS = """
tools:
  verify: {arguments: {customer: string}, returns: {verified: boolean}}
  look: {arguments: {id: string, day: "date?"}, returns: {open_cents: "integer?", id: string}}
  pay:
    read_only: false
    arguments: {customer: string, cents: integer, tags: "list?", rate: "number?"}
    returns: {accepted: boolean}
  wipe: {read_only: false, arguments: {}, returns: {}}
"""
POLICY = """
identity: {tool: verify, verified: verified, customer: customer}
facts: {risk.score: number, slots.calm: boolean}
rules:
  verify: {}
  look:
    when: [identity.verified]
  pay:
    arguments: {cents: {minimum: 1, maximum: 500}}
    amount: args.cents
    when:
      - identity.verified && args.customer == identity.customer
      - risk.score < 0.5 && time.hour >= 8
    approve: amount > 300
    effective: result.accepted
limits:
  a-call: {tools: [pay], per: call, amount: 800, count: 3}
  a-customer: {tools: [pay], per: customer-day, amount: 1000}
"""
FACTS: dict[str, Any] = {"identity": {"verified": True, "customer": "c1"}, "risk": {"score": 0.1}}
AT = datetime(2026, 11, 20, 9, 30)


def paying(cents: int = 100, **more: Any) -> Request:
    return Request("pay", {"customer": "c1", "cents": cents, **more}, "call-1", "c1", AT)


@pytest.fixture(scope="session")
def policy() -> Policy:
    return Policy.parse(POLICY, TOOLS)


@pytest.fixture(scope="session")
def changed() -> Callable[..., Policy]:
    """The policy with texts replaced: ``changed("500", "600")``."""

    def change(*pairs: tuple[str, str]) -> Policy:
        text = POLICY
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new)
        return Policy.parse(text, TOOLS)

    return change
