"""What is proved about a policy, what is not, and what breaks it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.policy.conftest import TOOLS
from voicecore.errors import ConfigError
from voicecore.policy import Policy, load_policy
from voicecore.policy.proof import Claim, prove, require_proved

TWO = """
identity: {tool: verify, verified: verified, customer: customer}
rules:
  verify: {}
  pay: {arguments: {cents: {minimum: 1, maximum: 300}}, amount: args.cents}
  wipe: {amount: "200"}
limits:
  pays: {tools: [pay], per: PER, count: 2}
  wipes: {tools: [wipe], per: call, amount: 500}
promises:
  all: {tools: [pay, wipe], per: call, amount: MOST, count: 4}
"""


def promise(most: int, per: str = "call", text: str = TWO) -> Claim:
    policy = Policy.parse(text.replace("MOST", str(most)).replace("PER", per), TOOLS)
    return next(claim for claim in prove(policy).claims if claim.about == "promise all")


def test_limits_and_effects_are_proved(policy: Policy) -> None:
    proof = prove(policy)
    assert [claim.about for claim in proof.claims] == [
        "limit a-call",
        "limit a-customer",
        "effective pay",
    ]
    assert proof.proved
    assert proof.never == proof.approximated == ()
    require_proved(policy)


def test_a_promise_is_as_tight_as_limits_and_conditions_make_it() -> None:
    """Twice 300, and 200 twice: three times would be over 500."""
    assert promise(1000).status == "proved"
    found = promise(999)
    assert found.status == "broken"
    assert found.example.startswith("1000 cents in 4, promised 999 cents or 4 times: ")
    assert "pay 2 x 300" in found.example
    assert "wipe 2 x 200" in found.example


def test_a_limit_of_another_scope_does_not_bound_a_call() -> None:
    """A call that lasts past midnight, or speaks for two customers."""
    for per in ("day", "customer-day", "customer"):
        assert promise(1000, per).status == "broken"


def test_amounts_without_bounds_are_bounded_by_nothing() -> None:
    assert (
        promise(10**15, text=TWO.replace("amount: args.cents", "amount: args.cents * args.cents")).status
        == "proved"
    )
    loose = TWO.replace("arguments: {cents: {minimum: 1, maximum: 300}}, ", "")
    assert promise(10**15, text=loose).status == "broken"


def test_only_multiples_count_where_only_multiples_are_permitted() -> None:
    steps = TWO.replace("maximum: 300", "maximum: 300, multipleOf: 120")
    assert promise(2 * 240 + 400, text=steps).status == "proved"
    assert promise(2 * 240 + 399, text=steps).status == "broken"


def test_what_was_not_translated_is_told_and_proves_no_less(changed: Callable[..., Policy]) -> None:
    proof = prove(changed(("time.hour >= 8", "args.customer.matches('^c')")))
    assert proof.proved
    assert proof.approximated == ("matches()",)


def test_a_rule_that_permits_nothing_is_told(changed: Callable[..., Policy]) -> None:
    assert prove(changed(("time.hour >= 8", "time.hour > 23"))).never == ("pay",)


def test_an_effect_that_never_counts_is_refused(changed: Callable[..., Policy]) -> None:
    policy = changed(("effective: result.accepted", 'effective: "false"'))
    with pytest.raises(ConfigError, match="effective pay: broken: no answer counts as done") as caught:
        require_proved(policy)
    assert caught.value.code == "policy-unproved"
    assert caught.value.facts["claim"] == "effective pay"


def test_the_example_is_proved() -> None:
    require_proved(load_policy(Path(__file__).parents[2] / "voicecore" / "examples" / "billing"))
