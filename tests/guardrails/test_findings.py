"""Several verdicts become one, by the table."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from voicecore.guardrails import Action, Finding
from voicecore.guardrails.findings import TABLE, combine

FINDINGS = st.builds(
    Finding, st.just("c"), st.just("k"), st.floats(0, 1), st.text(), st.sampled_from(Action), st.text()
)


def test_table_is_whole_and_associative() -> None:
    assert set(TABLE) == set(product(Action, repeat=2))
    for a, b, c in product(Action, repeat=3):
        assert TABLE[TABLE[a, b], c] is TABLE[a, TABLE[b, c]]


@given(st.lists(FINDINGS))
def test_verdict_is_the_gravest_and_speaks_its_text(findings: list[Finding]) -> None:
    verdict = combine(findings)
    order = list(Action)
    assert verdict.action is max((f.action for f in findings), key=order.index, default=Action.ALLOW)
    assert not findings or verdict.text == next(f.text for f in findings if f.action is verdict.action)
    assert verdict.reasons == tuple(f.reason for f in findings)
