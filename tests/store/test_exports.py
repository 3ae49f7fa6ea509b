"""The JSON form of a call."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecore.errors import StoreError
from voicecore.store.exports import CallRecord, from_json, to_json
from voicecore.types import CallInfo, ToolTrace, TurnTrace, Word

TEXT = st.text(max_size=20)
SECONDS = st.floats(0, 1e5, allow_nan=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT, lambda x: st.lists(x) | st.dictionaries(TEXT, x)
)
OBJECT = st.dictionaries(TEXT, JSON, max_size=3)
WORDS = st.lists(st.builds(Word, TEXT, SECONDS, SECONDS, SECONDS), max_size=3).map(tuple)
TIMES = st.dictionaries(TEXT, SECONDS, max_size=4)
TURN = st.builds(
    TurnTrace, st.integers(0, 99), TEXT, WORDS, SECONDS, TEXT, TEXT, TEXT, st.booleans(), TEXT, TIMES, TIMES
)
TOOL = st.builds(ToolTrace, st.integers(0, 99), TEXT, OBJECT, st.booleans(), OBJECT, SECONDS, SECONDS)
MOMENT = st.datetimes(timezones=st.just(UTC))
RECORD = st.builds(
    CallRecord,
    st.builds(CallInfo, TEXT, TEXT, TEXT, TEXT, st.dictionaries(TEXT, TEXT, max_size=2)),
    TEXT,
    st.dictionaries(TEXT, TEXT, max_size=2),
    MOMENT,
    st.none() | MOMENT,
    st.none() | OBJECT,
    st.none() | TEXT,
    st.lists(TURN, max_size=3).map(tuple),
    st.lists(TOOL, max_size=3).map(tuple),
)
EMPTY = to_json(CallRecord(CallInfo("c", "in", "a", "b"), "billing", {}, datetime(2026, 11, 20, tzinfo=UTC)))


@given(RECORD)
def test_every_record_comes_back(record: CallRecord) -> None:
    assert from_json(json.loads(json.dumps(to_json(record)))) == record


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"format": "other"}, "bad-export"),
        ({"version": 3}, "newer-export"),
        ({"version": None}, "newer-export"),
        ({"began_at": "yesterday"}, "bad-export"),
        ({"call": {"id": "c"}}, "bad-export"),
        ({"turns": [{"index": 1}]}, "bad-export"),
        ({"turns": 5}, "bad-export"),
        ({"tools": [{"name": "x"}]}, "bad-export"),
    ],
)
def test_what_is_no_export_is_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(StoreError) as caught:
        from_json(EMPTY | change)
    assert caught.value.code == code


def test_a_missing_field_is_named() -> None:
    data = {name: value for name, value in EMPTY.items() if name != "engines"}
    with pytest.raises(StoreError, match="engines"):
        from_json(data)
