"""The key of a call: what it seals opens with it alone, in its place alone."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vault.conftest import code
from voicecore.vault import CallKey
from voicecore.vault.callkey import OVERHEAD

KEY = CallKey(bytes(32), "call-1", "record")


@given(st.binary(max_size=300), st.text(max_size=20))
def test_what_was_sealed_opens(data: bytes, context: str) -> None:
    sealed = KEY.seal(data, context)
    assert KEY.open(sealed, context) == data
    assert len(sealed) == len(data) + OVERHEAD
    assert KEY.seal(data, context) != sealed


@given(st.binary(max_size=40), st.integers(0), st.integers(0, 7))
def test_every_bit_counts(data: bytes, at: int, bit: int) -> None:
    sealed = bytearray(KEY.seal(data, "here"))
    sealed[at % len(sealed)] ^= 1 << bit
    assert code(KEY.open, bytes(sealed), "here") == "bad-seal"


@pytest.mark.parametrize(
    "other",
    [
        CallKey(bytes(32), "call-2", "record"),
        CallKey(bytes(32), "call-1", "vault"),
        CallKey(b"x" * 32, "call-1", "record"),
    ],
)
def test_no_other_call_and_no_other_place(other: CallKey) -> None:
    sealed = KEY.seal(b"secret", "turns/1")
    assert code(other.open, sealed, "turns/1") == "bad-seal"
    assert code(KEY.open, sealed, "turns/2") == "bad-seal"
    assert code(KEY.open, sealed[:20], "turns/1") == "bad-seal"
    assert code(KEY.open, b"", "turns/1") == "bad-seal"


def test_parts_can_t_be_shifted() -> None:
    one, two = CallKey(bytes(32), "ab", "c"), CallKey(bytes(32), "a", "bc")
    assert code(two.open, one.seal(b"x", "d"), "d") == "bad-seal"


def test_it_is_never_shown() -> None:
    key = CallKey(b"k" * 32, "call-1", "record")
    assert "k" * 8 not in repr(key)
    with pytest.raises(TypeError):
        pickle.dumps(key)
