"""E-mail and web addresses, spoken and written."""

import pytest

from voicecore.redaction.internet import find_internet


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("it's jane dot doe at gmail dot com thanks", "jane.doe@gmail.com"),
        ("j underscore smith at yahoo dot co dot uk", "j_smith@yahoo.co.uk"),
        ("send it to bob at g mail dot com", "bob@gmail.com"),
        ("bob add hotmail dot com", "bob@hotmail.com"),
        ("bob at gmail com", "bob@gmail"),
        ("write to jane.doe@example.org", "jane.doe@example.org"),
        ("info at smith and sons dot com", "info@smithandsons.com"),
    ],
)
def test_mail(said, value):
    (hit,) = find_internet(said.split())
    assert (hit.entity, hit.value) == ("email", value)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("w w w dot example dot com slash help please", "w w w dot example dot com slash help"),
        ("go to green gardens dot co dot uk", "green gardens dot co dot uk"),
        ("www.example.com is down", "www.example.com"),
    ],
)
def test_web(said, words):
    (hit,) = find_internet(said.split())
    assert (hit.entity, " ".join(said.split()[hit.start : hit.end])) == ("url", words)


@pytest.mark.parametrize(
    "said", ["look at the dot on the screen", "meet me at home", "two point five percent"]
)
def test_nothing(said):
    assert find_internet(said.split()) == []


def test_the_company_s_own_site_is_no_secret():
    said = ["look", "at", "acme", "dot", "com"]
    assert find_internet(said, ["acme.com"]) == []
