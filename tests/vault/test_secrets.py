"""Secrets: a token stands for a value, for a while, and then for nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vault.conftest import code, everything
from voicecore.vault import KeyStore, SecretVault


class Clock:
    now = "2026-11-20T12:00:00.000000+00:00"

    def __call__(self) -> str:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def secrets(keys: KeyStore, clock: Clock) -> Iterator[SecretVault]:
    made = SecretVault(keys, clock)
    yield made
    made.close()


def test_a_token_stands_for_its_value(secrets: SecretVault, tmp_path: Path) -> None:
    secrets.put("call-1", "[CARD_1]", "4111111111111111", 600)
    secrets.put("call-1", "[CVV_1]", "737", 600)
    secrets.put("call-1", "[CVV_1]", "738", 600)
    assert secrets.reveal("call-1", "[CARD_1]") == "4111111111111111"
    assert secrets.reveal("call-1", "[CVV_1]") == "738"
    assert code(secrets.reveal, "call-2", "[CARD_1]") == "no-secret"
    assert b"4111111111" not in everything(tmp_path)


def test_its_time_ends(secrets: SecretVault, clock: Clock, tmp_path: Path) -> None:
    secrets.put("call-1", "[CARD_1]", "4111", 60)
    secrets.put("call-1", "[CARD_2]", "4222", 600)
    clock.now = "2026-11-20T12:01:00.000000+00:00"
    assert code(secrets.reveal, "call-1", "[CARD_1]") == "no-secret"
    assert b"[CARD_1]" in everything(tmp_path)
    assert (secrets.purge(), secrets.purge()) == (1, 0)
    assert b"[CARD_1]" not in everything(tmp_path)
    assert secrets.reveal("call-1", "[CARD_2]") == "4222"


def test_it_is_forgotten_with_the_call(secrets: SecretVault, keys: KeyStore) -> None:
    secrets.put("call-1", "[CARD_1]", "4111", 60)
    secrets.put("call-2", "[CARD_1]", "4222", 60)
    assert secrets.forget("call-1") == 1
    assert code(secrets.reveal, "call-1", "[CARD_1]") == "no-secret"
    keys.destroy(["call-2"])
    assert code(secrets.reveal, "call-2", "[CARD_1]") == "no-secret"
    assert code(secrets.put, "call-2", "[CARD_1]", "4333", 60) == "key-destroyed"


@pytest.mark.parametrize(
    ("token", "lifetime"), [("", 1), ("x", 0), ("x", -1), ("x", float("nan")), ("x", 1e12)]
)
def test_a_secret_without_token_or_end_is_refused(secrets: SecretVault, token: str, lifetime: float) -> None:
    assert code(secrets.put, "call-1", token, "x", lifetime) == "bad-record"
