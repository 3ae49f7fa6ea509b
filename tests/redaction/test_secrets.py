"""Tokens and what is behind them."""

import copy
import pickle

import pytest

from voicecore.redaction.secrets import Secrets, entity_of


def test_tokens_are_stable_per_value():
    secrets = Secrets()
    assert secrets.conceal("card", "4111") == secrets.conceal("card", "4111") == "[CARD_1]"
    assert secrets.conceal("card", "4222") == "[CARD_2]"
    assert secrets.conceal("sort_code", "4111") == "[SORT_CODE_1]"
    assert (len(secrets), list(secrets)) == (3, ["[CARD_1]", "[CARD_2]", "[SORT_CODE_1]"])
    assert "[CARD_1]" in secrets


def test_a_growing_value_keeps_its_token_unless_it_becomes_something_else():
    secrets = Secrets()
    token = secrets.conceal("card", "41")
    assert secrets.grow(token, "card", "4111") == token
    assert secrets.reveal(token) == "4111"
    assert secrets.grow(token, "phone", "4111222") == "[PHONE_1]"


def test_tools_get_values_in_the_shape_of_their_arguments():
    secrets = Secrets()
    token = secrets.conceal("order", "AB1")
    given = {"id": token, "note": f"about {token} and [CARD_9]", "list": [token, 3], "n": None}
    assert secrets.reveal(given) == {
        "id": "AB1",
        "note": "about AB1 and [CARD_9]",
        "list": ["AB1", 3],
        "n": None,
    }


def test_they_are_neither_printed_nor_pickled_nor_copied():
    secrets = Secrets()
    secrets.conceal("card", "4111111111111111")
    assert "4111" not in repr(secrets) + str(secrets)
    for leak in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            leak(secrets)


def test_the_entity_of_a_token():
    assert (entity_of("[SORT_CODE_12]"), entity_of("hello")) == ("sort_code", "")
