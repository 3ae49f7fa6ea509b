"""Whether a change permits more, and what shows it."""

from collections.abc import Callable
from itertools import product

import pytest

from tests.policy.conftest import POLICY, TOOLS
from voicecore.policy import Counter, Policy, Spent
from voicecore.policy.proof import compare


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("maximum: 500", "maximum: 499"),
        ("amount > 300", "amount > 299"),
        ("amount: 800", "amount: 799"),
        ("count: 3", "count: 1"),
        ("risk.score < 0.5", "risk.score < 0.25"),
        ("time.hour >= 8", "time.hour > 7"),
        ("time.hour >= 8", "!(time.hour <= 7)"),
        ("time.hour >= 8", "time.hour >= 8 && args.customer.matches('1')"),
        ("amount: 1000", "amount: 900, count: 7"),
        ("effective: result.accepted", "effective: result.accepted || true"),
    ],
)
def test_what_is_tighter_or_the_same_permits_nothing_more(
    policy: Policy, changed: Callable[..., Policy], old: str, new: str
) -> None:
    assert not compare(policy, changed((old, new))).more


@pytest.mark.parametrize(
    ("old", "new", "was", "now"),
    [
        ("maximum: 500", "maximum: 501", "deny (bad-arguments: cents: maximum)", "approve (needs-approval)"),
        ("minimum: 1", "minimum: 0", "deny (bad-arguments: cents: minimum)", "allow (allowed)"),
        ("amount > 300", "amount > 301", "approve (needs-approval)", "allow (allowed)"),
        ("amount: 800", "amount: 801", "deny (limit: a-call)", ""),
        ("count: 3", "count: 4", "deny (limit: a-call)", ""),
        ("risk.score < 0.5", "risk.score <= 0.5", "deny (condition: 1)", ""),
        (" && time.hour >= 8", "", "deny (condition: 1)", ""),
        ("identity.verified && args", "args", "deny", ""),
        ("amount: 1000", "amount: 1001", "deny (limit: a-customer)", ""),
        ("  verify: {}\n", "  verify: {}\n  wipe: {}\n", "deny (no-rule)", "allow (allowed)"),
        ("effective: result.accepted", 'effective: "!result.accepted"', "counts as done", "does not"),
    ],
)
def test_what_permits_more_is_shown_by_a_request(
    policy: Policy, old: str, new: str, was: str, now: str
) -> None:
    text = POLICY.replace(old, new)
    if "wipe" in new:
        text = text.replace("limits:\n", "limits:\n  w: {tools: [wipe], per: day, count: 1}\n")
    found = compare(policy, Policy.parse(text, TOOLS))
    assert [difference.confirmed for difference in found.differences] == [True]
    assert found.differences[0].old.startswith(was)
    assert found.differences[0].new.startswith(now)


def test_the_example_says_what_was_spent_before(policy: Policy, changed: Callable[..., Policy]) -> None:
    (found,) = compare(policy, changed(("amount: 800", "amount: 801"))).differences
    cents = found.values["args"]["cents"]
    call = Counter("a-call", "this call")
    assert found.spent[call].amount + cents == 801
    assert found.spent[call] != Spent()


def test_limits_that_only_together_are_tighter(policy: Policy, changed: Callable[..., Policy]) -> None:
    """A higher amount is of no use when the count allows no more."""
    small = ("maximum: 500", "maximum: 200")
    looser = changed(small, ("amount: 800, count: 3", "amount: 900, count: 3"))
    assert not compare(changed(small), looser).more
    assert compare(changed(small), changed(small, ("amount: 800, count: 3", "amount: 900, count: 5"))).more


def test_a_total_that_no_requests_add_up_to_permits_nothing_more(changed: Callable[..., Policy]) -> None:
    """Multiples of 200 stay at 800 up to 999."""
    steps = ("maximum: 500", "maximum: 500, multipleOf: 200")
    old = changed(steps, ("amount: 800", "amount: 800"))
    assert not compare(old, changed(steps, ("amount: 800", "amount: 999"))).more
    assert compare(
        changed(steps, ("amount: 1000", "amount: 2000")),
        changed(steps, ("amount: 800", "amount: 1000"), ("amount: 1000}", "amount: 2000}")),
    ).more


def test_what_depends_on_the_untranslated_may_permit_more(
    policy: Policy, changed: Callable[..., Policy]
) -> None:
    old = changed(("time.hour >= 8", "args.customer.matches('^a')"))
    new = changed(("time.hour >= 8", "args.customer.matches('^a$')"))
    found = compare(old, new)
    assert found.more
    assert found.approximated == ("matches()",)
    assert not any(difference.confirmed for difference in found.differences)
    assert not compare(old, old).more


def test_thresholds_agree_with_arithmetic(changed: Callable[..., Policy]) -> None:
    for old, new in product((298, 300, 303), repeat=2):
        pair = [changed(("amount > 300", f"amount * 2 > {2 * most}")) for most in (old, new)]
        assert compare(*pair).more == (new > old)
