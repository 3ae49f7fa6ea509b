"""Extracts: what somebody else can check without the box."""

import io
import json
from pathlib import Path

import pytest

from tests.audit.conftest import entry
from voicecore.audit import Chain, Signer
from voicecore.audit.extract import extract, records, verify_extract
from voicecore.errors import StoreError


def written(chain: Chain, signer: Signer, call: str | None = None) -> Path:
    out = io.StringIO()
    extract(chain.path, signer, out, call)
    path = chain.path.with_name("extract.jsonl")
    path.write_text(out.getvalue())
    return path


def test_records_are_read_in_order(chain: Chain) -> None:
    assert [seq for seq, _ in records(chain.path)] == list(range(1, 13))
    mine = [(seq, json.loads(body)["call"]) for seq, body in records(chain.path, "call-1")]
    assert mine == [(2, "call-1"), (5, "call-1"), (8, "call-1"), (11, "call-1")]


@pytest.mark.parametrize(("call", "count", "calls"), [(None, 12, 3), ("call-1", 4, 1), ("nobody", 0, 1)])
def test_an_extract_proves_itself(
    chain: Chain, signer: Signer, call: str | None, count: int, calls: int
) -> None:
    report = verify_extract(written(chain, signer, call), signer)
    assert (report.faults, report.records, report.calls) == ([], count, calls)


@pytest.mark.parametrize("call", [None, "call-1"])
def test_every_line_counts(chain: Chain, signer: Signer, call: str | None) -> None:
    path = written(chain, signer, call)
    lines = path.read_text().splitlines()
    last = 13 if call is None else 5
    for nth in range(1, last):
        changed = lines[nth].replace('"data":{', '"data":{"!":1,')
        for other in ([*lines[:nth], *lines[nth + 1 :]], [*lines[:nth], changed, *lines[nth + 1 :]]):
            path.write_text("\n".join(other))
            assert not verify_extract(path, signer).ok
    path.write_text("\n".join([lines[0], *lines[1:last][::-1], *lines[last:]]))
    assert not verify_extract(path, signer).ok
    path.write_text("\n".join(lines[:last]))
    assert [fault.code for fault in verify_extract(path, signer).faults] == ["no-head"]


def test_only_the_box_can_write_one(chain: Chain, signer: Signer, tmp_path: Path) -> None:
    path = written(chain, Signer.create(tmp_path / "other.key"))
    assert [fault.code for fault in verify_extract(path, signer).faults] == ["bad-signature"]


def test_after_old_records_went(path: Path, signer: Signer) -> None:
    days = iter(f"2026-11-{day:02}T00:00:00.000000Z" for day in range(1, 30))
    chain = Chain(path, signer, clock=lambda: next(days))
    for _ in range(3):
        chain.append([entry("call-1")])
        chain.checkpoint()
    chain.prune("2026-11-03")
    assert verify_extract(written(chain, signer), signer).faults == []
    chain.close()


@pytest.mark.parametrize("text", ["", "{}", '{"format":"voicecore-audit","version":9}', "x\ny"])
def test_other_files_are_none(tmp_path: Path, signer: Signer, text: str) -> None:
    (tmp_path / "x").write_text(text)
    for name in ("x", "none"):
        with pytest.raises(StoreError) as caught:
            verify_extract(tmp_path / name, signer)
        assert caught.value.code == "bad-extract"
