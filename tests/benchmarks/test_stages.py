"""The benchmark of stages: its profiles, the arithmetic of budgets, and calls on engines made of sleep."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("ctranslate2")
pytest.importorskip("llama_cpp")

from benchmarks.report import render
from benchmarks.stages import load as stages_load
from benchmarks.stages.bench import figures, percentiles, plots
from benchmarks.stages.budgets import FILE, Profile, Stage, choose_profile, read_profiles
from benchmarks.stages.engines import Engines
from benchmarks.stages.load import Line, Load, Samples
from voicecore.errors import ConfigError, EngineError
from voicecore.types import RATE, SpeechChunk, Transcript

WEIGHTS = dict.fromkeys(Stage, "synthetic, shape toy")


@pytest.fixture
def profile() -> Profile:
    """Budgets of 100 ms, to hold up to 4 calls."""
    budgets = {str(stage): 100.0 for stage in Stage}
    facts = {"loads": (1, 4, 8), "calls": 4, "budgets_ms": budgets}
    return Profile.model_validate(read_profiles()["cpu-2"].model_dump() | facts)


def samples(calls: int, ms: float = 50.0, **slow: float) -> Samples:
    """Twenty observations of each stage."""
    each = {stage: [slow.get(stage, ms)] * 20 for stage in Stage}
    return Samples(calls, each, [4 * ms] * 20)


def by_name(found: list[dict]) -> dict[str, dict]:
    assert len({figure["name"] for figure in found}) == len(found)
    return {figure["name"]: figure for figure in found}


class Rig:
    """Engines that take a known time; a recogniser that fails when it is told to."""

    rate, frame = 8000, 256

    def __init__(self, fails: bool = False) -> None:
        self.fails = fails
        self.prepared: list[str] = []
        self.forgotten: list[str] = []

    def open(self, *_: object) -> Rig:
        return self

    def step(self, streams, frames):
        assert frames.shape == (len(streams), 256)
        return frames[:, 0]

    def probability(self, pcm):
        time.sleep(0.01)
        return 0.5

    def accept(self, pcm):
        time.sleep(0.02)

    def finish(self):
        if self.fails:
            raise EngineError("asr-failed")
        time.sleep(0.03)
        return Transcript(final=True)

    def prepare(self, call, messages, tools=()):
        self.prepared.append(messages[-1].text)

    async def reply(self, call, messages, tools=(), urgent=True):
        await asyncio.sleep(0.04)
        yield "One."
        await asyncio.sleep(60)
        yield "Two."

    def forget(self, call):
        self.forgotten.append(call)

    def synthesize(self, text):
        for _ in range(2):
            time.sleep(0.05)
            yield SpeechChunk(np.zeros(100, np.int16))


@pytest.fixture
def hurried(monkeypatch):
    """A caller who hardly listens."""
    monkeypatch.setattr(stages_load, "LISTEN_S", 0.01)


async def held(rig: Rig, calls: int, turns: int, seconds: float = 60) -> Samples:
    line = Line("one two three four five six seven eight", np.ones(round(1.5 * RATE), np.int16))
    engines = Engines(rig, rig, rig, rig, rig, WEIGHTS)
    return await Load(engines, [line], calls, turns, seconds).run()


def test_every_profile_of_the_file_is_whole():
    profiles = read_profiles()
    assert {"cpu-2", "gpu-16g", "h200"} <= profiles.keys()
    assert {1, 4, 8, 16, 32} <= set.intersection(*(set(p.loads) for p in profiles.values()))
    h200 = profiles["h200"]
    assert h200.budgets_ms[Stage.ASR_FINAL] == 80
    assert {h200.asr.device, h200.llm.device, h200.tts.device} == {"cuda"}


def test_the_profile_comes_by_name_else_from_the_environment(monkeypatch):
    monkeypatch.delenv("BENCH_PROFILE", raising=False)
    assert choose_profile()[0] == "cpu-2"
    monkeypatch.setenv("BENCH_PROFILE", "gpu-16g")
    assert choose_profile()[0] == "gpu-16g"
    assert choose_profile("h200")[0] == "h200"
    with pytest.raises(ConfigError, match=r"no profile 'abacus'.*known: cpu-2") as caught:
        choose_profile("abacus")
    assert caught.value.code == "unknown-profile"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("vad = 1\n", "", "no budget for vad"),
        ("vad = 1\n", "vad = 0\n", "vad"),
        ("vad = 1\n", "vad = 1\nguess = 3\n", "guess"),
        ("calls = 1\n", "calls = 1\ncolour = 3\n", "colour"),
        ("loads = [1, 4", "loads = [4, 1", "must ascend"),
        ("loads = [1, 4, 8, 16, 32]", "loads = []", "loads"),
        ("[cpu-2]", "[cpu-2", "budgets.toml"),
    ],
)
def test_a_faulty_file_is_refused_and_says_where(tmp_path: Path, old: str, new: str, complaint: str):
    file = tmp_path / "budgets.toml"
    file.write_text(FILE.read_text().replace(old, new, 1))
    with pytest.raises(ConfigError, match=complaint) as caught:
        read_profiles(file)
    assert caught.value.code == "bad-budgets"
    assert caught.value.facts["file"] == str(file)


def test_a_missing_file_is_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match="bad-budgets"):
        read_profiles(tmp_path / "none.toml")


def test_percentiles_are_values_that_were_observed():
    assert percentiles([float(n) for n in range(1, 101)]) == (51, 96, 100)
    assert percentiles([7.0]) == (7, 7, 7)
    assert percentiles([]) == (None, None, None)


def test_all_within_budget(profile):
    found = by_name(figures("rig", profile, [samples(n) for n in profile.loads], WEIGHTS))
    assert found["budget_failures"]["value"] == 0
    assert found["budget_failures"]["ok"] is True
    assert found["calls_within_budgets"]["value"] == 8
    final = found["asr_final_p95_ms_at_4"]
    assert (final["value"], final["p50"], final["p99"], final["n"]) == (50, 50, 50, 20)
    assert (final["goal"], final["ok"], final["weights"]) == ("<= 100", True, "synthetic, shape toy")
    assert found["answer_p95_ms_at_1"]["value"] == 200


def test_a_stage_over_its_budget_fails_the_benchmark(profile):
    measured = [samples(1), samples(4, asr_final=101.0, tts_first_audio=300.0), samples(8)]
    found = by_name(figures("rig", profile, measured, WEIGHTS))
    assert found["budget_failures"]["value"] == 2
    assert found["budget_failures"]["ok"] is False
    assert found["asr_final_p95_ms_at_4"]["ok"] is False
    assert found["vad_p95_ms_at_4"]["ok"] is True
    assert found["calls_within_budgets"]["value"] == 1


def test_over_the_promised_load_nothing_fails(profile):
    found = by_name(figures("rig", profile, [samples(1), samples(4), samples(8, ms=500.0)], WEIGHTS))
    assert found["budget_failures"]["ok"] is True
    assert (found["vad_p95_ms_at_8"]["goal"], found["vad_p95_ms_at_8"]["ok"]) == (None, None)
    assert found["calls_within_budgets"]["value"] == 4


def test_what_could_not_be_measured_fails(profile):
    silent = samples(1)
    silent.ms[Stage.TTS] = []
    silent.failed["tts-failed"] = 3
    found = by_name(figures("rig", profile, [silent], WEIGHTS))
    assert (found["tts_first_audio_p95_ms_at_1"]["value"], found["tts_first_audio_p95_ms_at_1"]["ok"]) == (
        None,
        False,
    )
    assert (found["failed_turns_at_1"]["value"], found["failed_turns_at_1"]["ok"]) == (3, False)
    assert found["budget_failures"]["value"] == 2
    assert found["calls_within_budgets"]["value"] == 0
    json.dumps(list(found.values()), allow_nan=False)
    assert plots(list(found.values()))


def test_the_report_shows_budgets_loads_and_weights(profile):
    found = figures("rig", profile, [samples(n) for n in profile.loads], WEIGHTS)
    page = render("stages", found, plots(found), {})
    for words in ("budget 100 ms", "Where the time goes", "calls at a time", "synthetic, shape toy"):
        assert words in page
    assert "guardrail is not there" in page
    assert page.count("<svg") == 1 + len(Stage)


async def test_a_load_times_every_stage_from_outside(hurried):
    rig = Rig()
    found = await held(rig, calls=2, turns=4)
    assert found.calls == 2
    assert not found.failed
    assert {stage: len(ms) for stage, ms in found.ms.items() if stage is not Stage.VAD} == {
        Stage.ASR_PARTIAL: 8,
        Stage.TURN_MODEL: 4,
        Stage.ASR_FINAL: 4,
        Stage.LLM: 4,
        Stage.TTS: 4,
    }
    assert len(found.ms[Stage.VAD]) > 20
    least = {Stage.TURN_MODEL: 10, Stage.ASR_PARTIAL: 20, Stage.ASR_FINAL: 30, Stage.LLM: 40, Stage.TTS: 50}
    for stage, ms in least.items():
        assert ms <= min(found.ms[stage]) < ms + 500
    assert min(found.answers_ms) >= 10 + 30 + 40 + 50
    assert sorted(rig.forgotten) == ["call 0 of 2", "call 1 of 2"]


async def test_the_language_model_reads_what_is_settled(hurried):
    rig = Rig()
    await held(rig, calls=1, turns=1)
    spoken = [text for text in rig.prepared if text.startswith("My")]
    assert [len(text.split()) for text in spoken[:3]] == [3, 9, 10]
    assert len(rig.prepared) == 1 + 6


async def test_no_turn_begins_when_the_time_is_over(hurried):
    found = await held(Rig(), calls=1, turns=100, seconds=1.2)
    assert len(found.answers_ms) == 1
    assert not found.failed


async def test_what_takes_for_ever_is_cut_off_and_counted(hurried, monkeypatch):
    monkeypatch.setattr(Rig, "synthesize", lambda *_: time.sleep(1.0) or iter(()))
    found = await held(Rig(), calls=1, turns=2, seconds=1.0)
    assert found.failed == {"unfinished": 1}
    assert found.answers_ms == []


async def test_saying_nothing_is_a_failure(hurried, monkeypatch):
    monkeypatch.setattr(Rig, "synthesize", lambda *_: iter(()))
    assert (await held(Rig(), calls=1, turns=1)).failed == {"tts-silent": 2}


async def test_a_turn_that_fails_is_counted_and_the_call_goes_on(hurried):
    found = await held(Rig(fails=True), calls=1, turns=2)
    assert found.failed == {"asr-failed": 2}
    assert found.answers_ms == []
