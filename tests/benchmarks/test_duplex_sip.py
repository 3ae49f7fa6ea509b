"""The duplex benchmark end to end: real SIP and RTP, two systems, a lossy and a noisy line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.duplex.metrics import Kind, Outcome, panel
from benchmarks.duplex.script import Clip, Condition, Script, Step
from benchmarks.duplex.stage import play
from benchmarks.prompts import Prompt
from voicecore.audio import resample
from voicecore.errors import ConfigError
from voicecore.simulation.sounds import voiced_span
from voicecore.types import RATE

pytestmark = pytest.mark.interop


def prompt(kind: Kind, name: str) -> Clip:
    """A recording of the Debian package, or the test is skipped."""
    try:
        pcm = resample(Prompt("fr", name).read("narrow"), RATE // 2, RATE)
    except (OSError, ConfigError) as exc:
        pytest.skip(f"needs asterisk-core-sounds-fr-wav: {exc}")
    first, last = voiced_span(pcm)
    return Clip(kind, name, "fr-june", pcm[first:last])


async def test_a_noisy_and_lossy_call_with_two_systems(
    tmp_path: Path, model_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOICECORE_DATA", str(model_data))
    steps = (
        Step(prompt(Kind.INTERRUPTION, "conf-lockednow"), "speech", 1.0),
        Step(prompt(Kind.TURN, "vm-Cust2"), "silence", 0.5),
    )
    line = Condition("SNR 20 dB and 3 % packet loss", snr_db=20.0, loss=0.03)
    script = Script("smoke", "fr-june", line, steps, (steps[1].clip,), "open", 1)
    noise = np.random.default_rng(1).normal(0, 100, RATE).astype(np.int16)
    runs = await play(("ours", "baseline"), [script], {"smoke": noise}, tmp_path)
    assert sorted(system for system, _ in runs) == ["baseline", "ours"]
    for system, held in runs:
        assert held.sounds[0].kind is Kind.INTERRUPTION, system
        assert held.verdicts[0].outcome in (Outcome.YIELDED, Outcome.LATE), system
        assert 0 < sum(held.lost) < 0.1 * 2 * held.seconds * 50
        assert (tmp_path / f"{system}, smoke, 0.wav").stat().st_size > held.seconds * RATE * 4
    lines = panel(verdict for _, held in runs for verdict in held.verdicts)
    assert lines["L_Y_p50_ms"].value > 50
    assert lines["response_rate"].value > 0
