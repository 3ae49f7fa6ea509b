"""What is allowed, what needs a person, and that everything unknown is denied."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policy.conftest import AT, FACTS, paying
from voicecore.policy import Counter, Decision, Draw, Policy, Request, Spent, decide, took_effect

CALL, CUSTOMER = Counter("a-call", "call-1"), Counter("a-customer", "2026-11-20 c1")


def facts(**roots: Any) -> dict[str, Any]:
    return {**FACTS, **roots}


def test_what_fits_is_allowed_with_what_it_draws(policy: Policy) -> None:
    draws = (Draw(CALL, 100, 800, 3), Draw(CUSTOMER, 100, 1000, None))
    assert decide(policy, paying(), FACTS, {}) == Decision("allow", "allowed", 100, draws)


def test_above_the_threshold_a_person_must_agree(policy: Policy) -> None:
    assert decide(policy, paying(300), FACTS, {}).verdict == "allow"
    decision = decide(policy, paying(301), FACTS, {})
    assert (decision.verdict, decision.reason, decision.amount) == ("approve", "needs-approval", 301)
    assert [draw.amount for draw in decision.draws] == [301, 301]


@pytest.mark.parametrize(
    ("spent", "cents", "reason"),
    [
        ({CALL: Spent(700, 1)}, 100, "allowed"),
        ({CALL: Spent(701, 1)}, 100, "limit: a-call"),
        ({CALL: Spent(0, 2)}, 100, "allowed"),
        ({CALL: Spent(0, 3)}, 100, "limit: a-call"),
        ({CUSTOMER: Spent(901, 1)}, 100, "limit: a-customer"),
        ({Counter("a-customer", "2026-11-19 c1"): Spent(1000, 9)}, 100, "allowed"),
        ({Counter("a-call", "call-2"): Spent(800, 3)}, 100, "allowed"),
    ],
)
def test_limits(policy: Policy, spent: dict[Counter, Spent], cents: int, reason: str) -> None:
    assert decide(policy, paying(cents), FACTS, spent).reason == reason


@pytest.mark.parametrize(
    ("request_", "given", "reason"),
    [
        (Request("wipe", {}, "call-1", None, AT), FACTS, "no-rule"),
        (Request("nothing", {}, "call-1", None, AT), FACTS, "no-rule"),
        (paying(0), FACTS, "bad-arguments: cents: minimum"),
        (paying(501), FACTS, "bad-arguments: cents: maximum"),
        (paying(True), FACTS, "bad-arguments: cents: integer, cents: type"),
        (paying(2.0), FACTS, "bad-arguments: cents: integer"),  # type: ignore[arg-type]
        (paying(more=1), FACTS, "bad-arguments: arguments: additionalProperties"),
        (paying(rate=float("nan")), FACTS, "bad-arguments: rate: number"),
        (Request("pay", {"cents": 1}, "call-1", "c1", AT), FACTS, "bad-arguments: arguments: required"),
        (Request("look", {"id": "1", "day": "2026-02-30"}, "c", "c1", AT), FACTS, "bad-arguments: day: date"),
        (paying(), {}, "missing-fact: identity.customer"),
        (paying(), facts(identity={"customer": "c1"}), "missing-fact: identity.verified"),
        (paying(), facts(identity={"customer": "c1", "verified": 1}), "missing-fact: identity.verified"),
        (paying(), facts(identity=None), "missing-fact: identity.customer"),
        (paying(), facts(risk={"score": "low"}), "missing-fact: risk.score"),
        (paying(), facts(risk={"score": float("inf")}), "missing-fact: risk.score"),
        (paying(), facts(risk={"score": 10**400}), "missing-fact: risk.score"),
        (paying(), facts(identity={"customer": "c1", "verified": False}), "condition: 0"),
        (paying(), facts(identity={"customer": "c2", "verified": True}), "condition: 0"),
        (paying(), facts(risk={"score": 0.5}), "condition: 1"),
        (replace(paying(), at=AT.replace(hour=7)), FACTS, "condition: 1"),
        (replace(paying(), customer=None), FACTS, "no-customer: a-customer"),
    ],
)
def test_what_is_wrong_missing_or_unknown_is_denied(
    policy: Policy, request_: Request, given: dict[str, Any], reason: str
) -> None:
    assert decide(policy, request_, given, {}) == Decision("deny", reason)


def test_a_missing_value_denies_even_where_it_does_not_matter(changed: Callable[..., Policy]) -> None:
    either = changed(("risk.score < 0.5", "(risk.score < 0.5 || true)"))
    assert decide(either, paying(), facts(risk={}), {}).reason == "missing-fact: risk.score"


@pytest.mark.parametrize("amount", ["9223372036854775807 + args.cents", "args.cents / (args.cents - 100)"])
def test_an_amount_without_a_value_is_denied(changed: Callable[..., Policy], amount: str) -> None:
    policy = changed(("amount: args.cents", f"amount: {amount}"))
    assert decide(policy, paying(), FACTS, {}).reason == "unclear: amount"


def test_an_error_in_a_condition_or_threshold_is_denied(changed: Callable[..., Policy]) -> None:
    policy = changed(("time.hour >= 8", "1 / (time.hour - 9) > 0"))
    assert decide(policy, paying(), FACTS, {}).reason == "unclear: when 1"
    policy = changed(("amount > 300", "1 / (amount - 100) > 0"))
    assert decide(policy, paying(), FACTS, {}).reason == "unclear: approve"


def test_a_negative_amount_is_denied(changed: Callable[..., Policy]) -> None:
    policy = changed(("amount: args.cents", "amount: 0 - args.cents"))
    assert decide(policy, paying(), FACTS, {}).reason == "bad-amount"


def test_dates_lists_and_absent_values_are_plain_json(policy: Policy) -> None:
    look = Request("look", {"id": "1", "day": date(2026, 2, 28)}, "call-1", None, AT)
    assert decide(policy, look, FACTS, {}).verdict == "allow"
    assert decide(policy, paying(tags=("a", "b"), rate=None), FACTS, {}).verdict == "allow"


def test_who_asks_can_matter(changed: Callable[..., Policy]) -> None:
    policy = changed(("time.hour >= 8", 'by == "person"'))
    assert decide(policy, paying(), FACTS, {}).reason == "condition: 1"
    assert decide(policy, replace(paying(), by="person"), FACTS, {}).verdict == "allow"


def test_an_answer_counts_unless_it_says_that_nothing_was_done(policy: Policy) -> None:
    rule = policy.rules["pay"]
    assert took_effect(rule, {"accepted": True})
    assert not took_effect(rule, {"accepted": False})
    assert took_effect(rule, {})
    assert took_effect(rule, {"accepted": "no"})
    assert took_effect(policy.rules["verify"], {})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.sampled_from(["pay", "look", "verify", "wipe", ""]),
    st.dictionaries(st.sampled_from(["customer", "cents", "id", "day", "rate", "x"]), JSON),
    st.dictionaries(st.sampled_from(["identity", "risk", "slots", "args", "time"]), JSON),
)
def test_whatever_comes_in_is_decided(
    policy: Policy, tool: str, arguments: dict[str, Any], given: dict[str, Any]
) -> None:
    decision = decide(policy, Request(tool, arguments, "call-1", None, AT), given, {})
    assert decision.verdict in ("deny", "allow", "approve")
    assert tool != "pay" or decision.verdict == "deny"
    assert decision.amount >= 0
