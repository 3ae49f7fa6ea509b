"""Export: every sink gets every checkpoint, in order, even if it was away."""

import logging
from pathlib import Path

import pytest

from tests.audit.conftest import entry
from voicecore.audit import Chain, Checkpoint, Exporter, Signer


class Away:
    """A sink that takes lines only while it is there."""

    def __init__(self) -> None:
        self.there = False
        self.lines: list[str] = []

    def send(self, line: str) -> None:
        if not self.there:
            raise OSError("away")
        self.lines.append(line)

    @property
    def seqs(self) -> list[int]:
        return [Checkpoint.parse(line).seq for line in self.lines]


def test_who_was_away_gets_it_later(
    chain: Chain, path: Path, signer: Signer, caplog: pytest.LogCaptureFixture
) -> None:
    away, there = Away(), Away()
    there.there = True
    exporter = Exporter(Chain(path, signer), {"away": away, "there": there})
    exporter.wake(wait=True)
    assert (away.seqs, there.seqs) == ([], [4, 8, 12])
    away.there = True
    chain.append([entry("call-1")])
    chain.checkpoint()
    exporter.wake(wait=True)
    exporter.close()
    assert away.seqs == there.seqs == [4, 8, 12, 13]
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_it_goes_on_after_a_restart_and_tries_again_by_itself(
    chain: Chain, path: Path, signer: Signer
) -> None:
    sink = Away()
    sink.there = True
    Exporter(Chain(path, signer), {"sink": sink}).close()
    chain.append([entry("call-1")])
    chain.checkpoint()
    Exporter(Chain(path, signer), {"sink": sink}).close()
    assert sink.seqs == [4, 8, 12, 13]
