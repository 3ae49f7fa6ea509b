"""Checkpoints: signed with the box's key, and with no other."""

import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from voicecore.audit import Checkpoint, Signer, Verifier
from voicecore.errors import StoreError


def code(call: object, *arguments: object) -> str:
    with pytest.raises(StoreError) as caught:
        call(*arguments)  # type: ignore[operator]
    return caught.value.code


def test_a_line_says_all_and_is_verified_by_who_has_the_public_key(signer: Signer, tmp_path: Path) -> None:
    line = signer.sign(7, "ab" * 32, "2026-11-20T12:00:00Z").line()
    (tmp_path / "public.pem").write_text(signer.pem())
    verifier = Verifier.load(tmp_path / "public.pem")
    checkpoint = Checkpoint.parse(line)
    assert verifier.genuine(checkpoint)
    assert (checkpoint.seq, checkpoint.hash, checkpoint.key) == (7, "ab" * 32, verifier.id)
    for other in (
        replace(checkpoint, seq=8),
        replace(checkpoint, hash="cd" * 32),
        replace(checkpoint, date="2026-11-20T12:00:01Z"),
        replace(checkpoint, key="0" * 16),
        replace(checkpoint, signature=bytes(64)),
    ):
        assert not verifier.genuine(other)


@pytest.mark.parametrize("line", ["", "{}", "[]", "7", '{"seq": 1}', b"\xff"])
def test_what_is_no_checkpoint(line: str) -> None:
    assert code(Checkpoint.parse, line) == "bad-checkpoint"


def test_wrong_types_are_refused(signer: Signer) -> None:
    good = json.loads(signer.sign(7, "ab", "x").line())
    for name, value in (("seq", True), ("seq", "7"), ("hash", 7), ("signature", "!"), ("signature", 7)):
        assert code(Checkpoint.parse, json.dumps(good | {name: value})) == "bad-checkpoint"


def test_the_key_is_its_owner_s_only(signer: Signer, tmp_path: Path) -> None:
    path = tmp_path / "audit.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Signer.load(path).id == signer.id
    assert code(Signer.create, path) == "key-exists"
    path.chmod(0o640)
    assert code(Signer.load, path) == "bad-key"


def test_other_files_are_no_keys(tmp_path: Path) -> None:
    rsa = generate_private_key(65537, 2048)
    files = {
        "none": None,
        "text": b"no key",
        "rsa": rsa.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        "public": rsa.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    }
    for name, content in files.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
            (tmp_path / name).chmod(0o600)
        assert code(Signer.load, tmp_path / name) == "bad-key"
        assert code(Verifier.load, tmp_path / name) == "bad-key"
    assert code(Signer.create, tmp_path / "nowhere" / "key") == "bad-key"
