"""Callers: one spelling for one number."""

import pytest

from voicecore.vault.callers import caller_of


@pytest.mark.parametrize(
    "address",
    [
        "sip:+4930123456@pbx",
        "sips:+4930123456@pbx;transport=tls",
        '"Anna" <sip:+4930123456;cpc=ordinary@pbx>',
        "<sip:0049 30 123456@pbx>",
        "tel:+49-30-123456;ext=2",
        "sip:%2B4930123456@pbx",
        "+49 (30) 123456",
    ],
)
def test_spellings_of_a_number(address: str) -> None:
    assert caller_of(address) == caller_of(address, "DE") == "+4930123456"


def test_a_number_without_its_country_needs_a_region() -> None:
    assert caller_of("030 123456") == "030123456"
    assert caller_of("sip:030123456@pbx", "DE") == "+4930123456"


def test_names_and_nobody() -> None:
    assert caller_of("sip:Anna@example") == caller_of("anna") == "anna"
    assert caller_of("sip:anonymous@anonymous.invalid") == caller_of("") == ""
    assert caller_of("+000") == "+000"
