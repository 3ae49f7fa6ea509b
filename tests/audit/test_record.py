"""Records: canonical, bounded, linked to what came before."""

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from voicecore.audit.record import GENESIS, MOST_BYTES, Entry, digest, ending, links
from voicecore.errors import StoreError

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=8,
)
texts = st.text(st.characters(codec="utf-8"))


@given(
    texts, texts, st.dictionaries(texts, values, max_size=4), texts, st.floats(0, 1e6), st.integers(1, 10**9)
)
def test_a_record_is_canonical_and_its_links_are_read_without_parsing_it(
    call: str, kind: str, data: dict[str, Any], bundle: str, at: float, seq: int
) -> None:
    prev, call_prev = digest(b"1"), digest(b"2")
    body = Entry.make(call, kind, at, data, bundle, "2026-11-20T12:00:00Z").linked(seq, prev, call_prev)
    parsed = json.loads(body)
    assert rfc8785.dumps(parsed) == body
    said = {
        "at": at,
        "bundle": bundle,
        "call": call,
        "data": data,
        "date": "2026-11-20T12:00:00Z",
        "kind": kind,
    }
    assert parsed == said | {"call_prev": call_prev, "prev": prev, "seq": seq}
    assert links(body) == (call.encode(), call_prev.encode())
    assert body.endswith(prev.encode() + ending(seq))


@pytest.mark.parametrize(
    "data",
    [{"x": float("nan")}, {"x": 2**53}, {1: "x"}, {"x": object()}, {"x": b"x"}, {"x": "\ud800"}],
)
def test_what_is_no_json_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(StoreError) as caught:
        Entry.make("call", "turn", 0.0, data, "", "")
    assert caught.value.code == "audit-bad-record"


def test_a_record_is_not_endless() -> None:
    with pytest.raises(StoreError, match="bytes of data"):
        Entry.make("call", "turn", 0.0, {"x": "x" * MOST_BYTES}, "", "")


@pytest.mark.parametrize("body", [b"", b"{}", b'{"call":"x"}', GENESIS.encode()])
def test_no_record_has_no_links(body: bytes) -> None:
    assert links(body) is None
