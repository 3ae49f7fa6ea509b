"""A whole call over real SIP: nothing goes to anybody but the PBX, and the counter would have seen it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.egress.bench import hold, lacks
from benchmarks.egress.counter import destination

V4 = bytes.fromhex("45000020000000004011000000000000cb007109")
ARP = bytes.fromhex("000108000604000102fc000000010a6300020000000000000a630001")


def v6(following: int, rest: bytes) -> bytes:
    return bytes(6) + bytes([following, 255]) + bytes(16) + bytes.fromhex("fd99") + bytes(13) + b"\1" + rest


def test_whom_a_packet_is_for() -> None:
    assert destination(0x0800, V4) == "203.0.113.9"
    assert destination(0x0806, ARP) == "arp 10.99.0.1"
    assert destination(0x86DD, v6(17, b"x")) == "fd99::1"
    assert destination(0x86DD, v6(58, bytes([128]))) == "fd99::1", "a ping is no search for neighbours"
    assert destination(0x86DD, v6(58, bytes([135]))) is None
    assert destination(0x86DD, v6(0, bytes([58, 0]) + bytes(6) + bytes([143]))) is None
    assert destination(0x88CC, b"") == "protocol 0x88cc"


@pytest.mark.interop
def test_a_whole_call_sends_nothing_to_anybody_but_the_pbx(
    model_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if (why := lacks()) is not None:
        pytest.skip(why)
    for name in [name for name in os.environ if "TELEMETRY" in name or name.startswith("HF_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("VOICECORE_DATA", str(model_data))
    told = hold("main")
    assert told["call"]["outcome"] in ("hung-up", "agent-hung-up")
    assert told["to_pbx"] > 1000
    assert (told["outside"], told["whom"], told["uncounted"]) == (0, {}, 0)
    assert told["check"] == 1, "the counter sees what goes elsewhere"
