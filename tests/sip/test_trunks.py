"""Who may call in."""

from __future__ import annotations

import pytest

from sip.trunks import Trunks
from voicecore.errors import ConfigError


def test_no_list_allows_any() -> None:
    assert Trunks(()).allow("192.0.2.1:5060")


def test_addresses_and_networks() -> None:
    trunks = Trunks(("192.0.2.1", "10.1.0.0/16", "2001:db8::/32"))
    assert trunks.allow("192.0.2.1:5062")
    assert trunks.allow("10.1.77.3:5060")
    assert trunks.allow("[2001:db8::7]:5060")
    assert not trunks.allow("192.0.2.2:5060")
    assert not trunks.allow("10.2.0.1:5060")


def test_a_bad_entry_is_named() -> None:
    with pytest.raises(ConfigError, match=r"bad-trunk.*pbx\.example"):
        Trunks(("pbx.example",))
