"""What every engine behind a port must do, whichever it is; one case per entry of the table of engines."""

from __future__ import annotations

import itertools
import json
import re
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

import httpx
import numpy as np
import pytest

from models.asr_whisper import Settings as WhisperSettings
from models.asr_whisper import WhisperAsr
from models.engines import ENGINES, find_engine, load
from models.llm_llama.sampler import Sampling
from models.llm_llama.settings import Placement
from models.llm_llama.settings import Settings as LlamaSettings
from models.llm_openai import Server
from models.synthesize import kokoro, vits
from models.synthesize.install import synthesize
from voicecore.ports import Asr, Embedder, Llm, Tts, TurnModel, Vad
from voicecore.types import RATE, TICK, Expectation, SlotKind, Transcript


def engine(port, **options):
    """A fixture: each engine of ``port`` in turn."""

    @pytest.fixture(scope="module", params=ENGINES[port])
    def make(request, model_data):
        return load(port, request.param, model_data, **options)

    return make


vad, turn, embedder = map(engine, ("vad", "turn", "embedder"))


@pytest.fixture(scope="module", params=ENGINES["asr"])
def asr(request, model_data):
    if "whisper" not in request.param:
        yield load("asr", request.param, model_data)
        return
    folder = request.getfixturevalue("scripted_whisper")
    whisper = WhisperAsr(folder, threads=1, settings=WhisperSettings(lockstep=True))
    yield whisper
    whisper.close()


SYNTHETIC_VOICES = {
    "piper": lambda folder: vits.write("toy", folder / "voice.onnx"),
    "kokoro": lambda folder: kokoro.write("toy", folder),
}
"""Engines whose weights are not pulled for tests: small ones of the same shape take their place."""


@pytest.fixture(scope="module", params=ENGINES["tts"])
def tts(request, tmp_path_factory):
    entry, folder = find_engine("tts", request.param), tmp_path_factory.mktemp(request.param)
    if entry.model is None:
        return load("tts", request.param, folder)
    SYNTHETIC_VOICES[request.param](folder)
    return getattr(import_module(entry.module), entry.factory)(folder)


@pytest.fixture(scope="module", params=ENGINES["llm"])
def llm(request, tmp_path_factory):
    if request.param == "retrieval":
        data = request.getfixturevalue("model_data")
        yield load("llm", "retrieval", data, embedder=load("embedder", "minilm", data))
    elif request.param == "openai":
        yield load(
            "llm", "openai", tmp_path_factory.mktemp("none"), server=ECHO, transport=httpx.MockTransport(echo)
        )
    else:
        pytest.importorskip("llama_cpp")
        data = tmp_path_factory.mktemp("llama")
        synthesize("qwen2.5-1.5b", data, shape="toy", quantisation="F16")
        made = load("llm", "llama", data, settings=LlamaSettings(LLAMA, sampling=Sampling(1.0, seed=1)))
        yield made
        made.close()


ECHO = Server("http://127.0.0.1:1/v1", "echo")
LLAMA = Placement(cells=8192, sequences=8, threads=1)


def echo(request):
    """A server that says the last line of what is known, or nothing."""
    text = json.loads(request.content)["messages"][-1]["content"]
    known = [line[2:] for line in text.splitlines() if line.startswith("- ")]
    chunk = {"choices": [{"delta": {"content": known[-1] if known else ""}}]}
    return httpx.Response(200, text=f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n")


def noise(samples: int, seed: int = 0):
    return np.random.default_rng(seed).normal(0, 1500, samples).astype(np.int16)


class TestVad:
    def frames(self, vad, steps, calls):
        pcm = noise(steps * calls * vad.frame).astype(np.float32) / 32768
        return pcm.reshape(steps, calls, vad.frame)

    def test_is_one(self, vad):
        assert isinstance(vad, Vad)
        assert vad.rate in {8000, RATE}
        assert 0 < vad.frame <= vad.rate // 10

    @pytest.mark.parametrize("calls", [0, 1, 5])
    def test_gives_a_probability_per_call(self, vad, calls):
        streams = [vad.open() for _ in range(calls)]
        for frames in self.frames(vad, 3, calls):
            speech = vad.step(streams, frames)
            assert speech.shape == (calls,)
            assert speech.dtype == np.float32
            assert ((speech >= 0) & (speech <= 1)).all()

    def test_batched_equals_single(self, vad):
        frames = self.frames(vad, 10, 3)
        streams = [vad.open() for _ in range(3)]
        together = np.array([vad.step(streams, step) for step in frames])
        for call in range(3):
            stream = vad.open()
            alone = [vad.step([stream], step[call : call + 1])[0] for step in frames]
            np.testing.assert_allclose(together[:, call], alone, atol=1e-5)

    def test_reset_equals_a_fresh_stream(self, vad):
        used, fresh = vad.open(), vad.open()
        for frames in self.frames(vad, 5, 1):
            vad.step([used], frames)
        used.reset()
        for frames in self.frames(vad, 5, 1):
            assert vad.step([used], frames) == vad.step([fresh], frames)

    def test_leaves_its_input_alone(self, vad):
        frames = self.frames(vad, 1, 1)[0]
        before = frames.copy()
        vad.step([vad.open()], frames)
        np.testing.assert_array_equal(frames, before)


class TestTurnModel:
    @pytest.mark.parametrize("seconds", [0, 0.01, 1, 12])
    def test_gives_a_probability_for_any_length(self, turn, seconds):
        assert isinstance(turn, TurnModel)
        assert 0 <= turn.probability(noise(int(seconds * RATE))) <= 1

    def test_is_repeatable_from_several_threads(self, turn):
        pcm = noise(RATE)
        with ThreadPoolExecutor(2) as pool:
            assert len(set(pool.map(turn.probability, [pcm] * 4))) == 1


class TestEmbedder:
    TEXTS = (
        "pay my bill",
        "I would like to speak to a person about my invoice, please",
        "",
        "ünïcode 東京 \x00",
    )

    def test_rows_have_unit_length(self, embedder):
        assert isinstance(embedder, Embedder)
        vectors = embedder.embed(self.TEXTS)
        assert vectors.shape == (len(self.TEXTS), embedder.dimensions)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)

    def test_no_texts_no_rows(self, embedder):
        assert embedder.embed([]).shape == (0, embedder.dimensions)

    def test_batched_equals_single_from_several_threads(self, embedder):
        together = embedder.embed(self.TEXTS)
        with ThreadPoolExecutor(2) as pool:
            alone = list(pool.map(lambda text: embedder.embed([text])[0], self.TEXTS))
        np.testing.assert_allclose(together, alone, atol=1e-3)


class TestTts:
    TEXT = "Your invoice, number 42, is due on Friday."

    def speak(self, tts, text):
        chunks = list(tts.synthesize(text))
        pcm = np.concatenate([chunk.pcm for chunk in chunks]) if chunks else np.zeros(0, np.int16)
        return pcm, [mark for chunk in chunks for mark in chunk.marks], chunks

    def test_speaks_in_16_bit(self, tts):
        assert isinstance(tts, Tts)
        pcm, _, _ = self.speak(tts, self.TEXT)
        assert pcm.dtype == np.int16
        assert RATE < len(pcm) < 10 * RATE
        assert np.abs(pcm.astype(int)).max() > 1000

    def test_marks_every_word_in_order(self, tts):
        pcm, marks, _ = self.speak(tts, self.TEXT)
        words = [re.sub(r"\W", "", self.TEXT[slice(*mark.chars)]) for mark in marks]
        assert words == re.findall(r"\w+", self.TEXT)
        samples = [mark.sample for mark in marks]
        assert samples == sorted(samples)
        assert 0 <= samples[0] < samples[-1] < len(pcm)

    def test_marks_lie_in_their_chunks(self, tts):
        _, _, chunks = self.speak(tts, self.TEXT)
        ends = list(itertools.accumulate(len(chunk.pcm) for chunk in chunks))
        for chunk, end in zip(chunks, ends, strict=True):
            assert all(end - len(chunk.pcm) <= mark.sample <= end for mark in chunk.marks)

    def test_closing_cancels_and_harms_nothing(self, tts):
        whole, _, _ = self.speak(tts, self.TEXT)
        speech = tts.synthesize(self.TEXT * 20)
        next(speech)
        speech.close()
        again, _, _ = self.speak(tts, self.TEXT)
        np.testing.assert_array_equal(again, whole)

    @pytest.mark.parametrize("text", ["", " ", "...", "?!"])
    def test_nothing_to_say(self, tts, text):
        _, marks, _ = self.speak(tts, text)
        assert marks == []


PHRASE = "pay my bill"
CHOICE = Expectation(SlotKind.CHOICE, phrases=(PHRASE, "speak to a person", "explain a charge"))


@pytest.fixture(scope="module")
def spoken(model_data):
    """A phrase between two half seconds of near silence."""
    speech = load("tts", "espeak", model_data).synthesize(PHRASE)
    phrase = np.concatenate([chunk.pcm for chunk in speech])
    pause = noise(RATE // 2) // 100
    return np.concatenate([pause, phrase, pause])


class TestAsr:
    def listen(self, asr, pcm, expectation, step=TICK):
        stream = asr.open(expectation)
        partials = [stream.accept(pcm[i : i + step]) for i in range(0, len(pcm), step)]
        return stream.finish(), [partial for partial in partials if partial is not None]

    @pytest.mark.parametrize("kind", SlotKind)
    def test_any_expectation_may_meet_silence(self, asr, kind):
        assert isinstance(asr, Asr)
        phrases = ("visa", "bank transfer") if kind in {SlotKind.CHOICE, SlotKind.OPEN} else ()
        digits = (4, 6) if kind is SlotKind.DIGITS else None
        expectation = Expectation(kind, phrases, ("operator", "go back"), digits)
        final, _ = self.listen(asr, np.zeros(RATE // 2, np.int16), expectation)
        assert final.final
        assert final.text == ""

    def test_an_utterance_without_sound(self, asr):
        final = asr.open(CHOICE).finish()
        assert final == Transcript(final=True, confidence=final.confidence)

    def test_recognises_with_word_times(self, asr, spoken):
        final, _ = self.listen(asr, spoken, CHOICE)
        assert final.final
        assert final.text == PHRASE == " ".join(word.text for word in final.words)
        assert 0 <= final.confidence <= 1
        times = [time for word in final.words for time in (word.start, word.end)]
        assert times == sorted(times)
        assert 0.3 < times[0] < times[-1] < len(spoken) / RATE - 0.2

    def test_partials_lead_to_the_final_text(self, asr, spoken):
        final, partials = self.listen(asr, spoken, CHOICE)
        assert not any(partial.final for partial in partials)
        assert all(partial.text == " ".join(partial.text.split()) for partial in partials)
        assert partials[-1].text == final.text

    def test_what_is_stable_stays(self, asr, spoken):
        final, partials = self.listen(asr, spoken, CHOICE)
        for earlier, later in itertools.pairwise([*partials, final]):
            assert earlier.stable <= later.stable <= len(later.words)
            settled = earlier.words[: earlier.stable]
            assert [word.text for word in settled] == [word.text for word in later.words[: earlier.stable]]

    def test_a_partial_comes_only_when_it_changed(self, asr, spoken):
        _, partials = self.listen(asr, spoken, CHOICE)
        told = [(partial.text, partial.stable) for partial in partials]
        assert all(a != b for a, b in itertools.pairwise(told))

    @pytest.mark.parametrize("step", [777, 8000])
    def test_chunks_of_any_length(self, asr, spoken, step):
        assert self.listen(asr, spoken, CHOICE, step)[0].text == PHRASE

    @pytest.mark.parametrize("gain", [0, 0.1, 4])
    def test_what_was_heard_before_changes_nothing(self, asr, spoken, gain):
        """A silent, a quiet or a loud caller leaves no trace in the next one's words."""
        before = np.clip(spoken * gain, -32768, 32767).astype(np.int16)
        for _ in range(3):
            self.listen(asr, before, CHOICE)
        assert self.listen(asr, spoken, CHOICE)[0].text == PHRASE

    def test_two_utterances_at_once(self, asr, spoken):
        both = [asr.open(CHOICE), asr.open(CHOICE)]
        for i in range(0, len(spoken), TICK):
            both[0].accept(spoken[i : i + TICK])
            both[1].accept(np.zeros(TICK, np.int16))
        assert [stream.finish().text for stream in both] == [PHRASE, ""]


class TestLlm:
    PASSAGES = (
        "The office opens at nine in the morning.",
        "A late fee of five dollars is charged after ten days.",
    )

    async def test_answers_in_whole_sentences(self, llm):
        assert isinstance(llm, Llm)
        question = "when do I have to pay a late fee"
        said = [sentence async for sentence in llm.generate("Answer briefly.", question, self.PASSAGES)]
        assert said
        assert all(re.search(r"[.!?][\"')\]]*$", part) and part == part.strip() for part in said)
        if type(llm).__name__ != "LlamaLlm":  # synthetic weights: what it says is noise
            assert "ten days" in " ".join(said)

    async def test_survives_having_no_passages(self, llm):
        said = [sentence async for sentence in llm.generate("Answer briefly.", "what is this", ())]
        assert all(isinstance(sentence, str) and sentence for sentence in said)

    async def test_may_be_stopped_early(self, llm):
        answer = llm.generate("Answer briefly.", "late fee", self.PASSAGES)
        first = await anext(answer)
        await answer.aclose()
        assert [said async for said in answer] == []
        assert await anext(llm.generate("Answer briefly.", "late fee", self.PASSAGES)) == first
