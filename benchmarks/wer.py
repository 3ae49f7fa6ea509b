"""Word error rate of the recogniser on recorded human prompts, and what its confidence is worth."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.figures import Figure, figure
from benchmarks.prompts import RATES, Band, Prompt, list_prompts, list_sentences, trim
from benchmarks.report import Plot
from models.engines import load
from voicecore.audio import resample
from voicecore.config import data_dir
from voicecore.console import charts
from voicecore.ports import Asr
from voicecore.simulation.words import edits
from voicecore.types import RATE, Expectation, Pcm, SlotKind, Transcript

TEXTS = Path(__file__).parent / "data" / "core-sounds-en.txt"
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_SIGNS = {"#": " pound ", "*": " star ", "’": "'"}
_NUMBERS = (352_714, 880_136, 250_947, 100_638, 914_555, 736_281, 551_009, 123_456, 608_342, 249_118)
_GAP = np.zeros(RATE * 8 // 100, np.int16)
_PAUSE = np.zeros(RATE * 3 // 10, np.int16)


def reference_texts() -> dict[str, str]:
    """What is said in each English prompt, by its name; without those that are (partly) no words."""
    texts: dict[str, str] = {}
    for line in TEXTS.read_text(encoding="utf-8").splitlines():
        name, colon, text = line.partition(":")
        if colon and not line.startswith(";") and not re.search(r"[\[<]", text):
            texts[name.strip().removesuffix(".wav")] = text.strip()
    return texts


def plain_words(text: str) -> list[str]:
    """Words as a recogniser writes them: lower case, digits one by one, no punctuation."""
    for sign, word in _SIGNS.items():
        text = text.replace(sign, word)
    text = re.sub(r"\d", lambda digit: f" {_DIGITS[int(digit[0])]} ", text.lower())
    return re.findall(r"[a-z]+(?:'[a-z]+)*", text)


def word_errors(reference: str, hypothesis: str) -> tuple[int, int]:
    """(Substitutions, deletions and insertions; words of the reference), by Levenshtein distance."""
    wanted = plain_words(reference)
    wrong = sum(said != recognised for said, recognised in edits(wanted, plain_words(hypothesis)))
    return wrong, len(wanted)


def word_error_rate(recognise: Callable[[Prompt], str], prompts: Sequence[Prompt]) -> tuple[float, int]:
    """(Errors per word of the reference, words) of ``recognise`` over English prompts that have a text."""
    texts = reference_texts()
    counts = [word_errors(texts[p.name], recognise(p)) for p in prompts if p.name in texts]
    words = sum(count for _, count in counts)
    return sum(errors for errors, _ in counts) / words, words


def read(asr: Asr, pcm: Pcm, expectation: Expectation) -> Transcript:
    """The final reading of ``pcm``, fed in pieces of 100 ms as a call would."""
    stream = asr.open(expectation)
    for at in range(0, len(pcm), RATE // 10):
        stream.accept(pcm[at : at + RATE // 10])
    return stream.finish()


def plots(figures: Sequence[Figure]) -> list[Plot]:
    """Word error rates by band."""
    rates = [(f["name"], {"wer": 100 * f["value"]}) for f in figures if f["name"].startswith("wer")]
    return [Plot("Word error rate on recorded human prompts", charts.bars(rates, {"wer": "WER"}, "%"))]


def run() -> list[Figure]:
    """Dictation of whole sentences in both bands; digit strings by grammar; rejection of what is none.

    Raises ConfigError("no-prompts") and the engine's own errors.
    """
    asr = load("asr", "pocketsphinx", data_dir())
    sentences = list_sentences()[::3]
    figures = []
    bands: dict[str, Band] = {"16k": "wide", "8k": "narrow"}
    for name, band in bands.items():
        rate, words = word_error_rate(partial(_dictate, asr, band), sentences)
        figures.append(figure(f"wer_dictation_{name}", rate, "share", words))
    figures += _digits(asr, sentences)
    asr.close()
    return figures


def _dictate(asr: Asr, band: Band, prompt: Prompt) -> str:
    return read(asr, sound(prompt, band), Expectation()).text


def sound(prompt: Prompt, band: Band) -> Pcm:
    """A prompt at ``RATE``."""
    pcm = prompt.read(band)
    return pcm if RATES[band] == RATE else resample(pcm, RATES[band], RATE)


def _digits(asr: Asr, sentences: Sequence[Prompt]) -> list[Figure]:
    """Six recorded digits in a row by their grammar; and how well confidence tells them from sentences."""
    single = {
        p.name: trim(sound(p, "wide"), RATE) for p in list_prompts("en") if p.name.startswith("digits/")
    }
    six = Expectation(SlotKind.DIGITS, digits=(6, 6))
    right, wrong, exact = [], [], 0
    for number in map(str, _NUMBERS):
        spoken = [piece for digit in number for piece in (single[f"digits/{digit}"], _GAP)]
        heard = read(asr, np.concatenate([_PAUSE, *spoken, _PAUSE]), six)
        exact += plain_words(heard.text) == plain_words(number)
        right.append(heard.confidence)
    for prompt in sentences:
        heard = read(asr, sound(prompt, "wide"), six)
        wrong.append(heard.confidence if heard.text else 0.0)
    above = np.array(right)[:, None] - np.array(wrong)[None]
    return [
        figure("digit_strings_16k", exact / len(_NUMBERS), "share", len(_NUMBERS)),
        figure("confidence_auc_16k", (above > 0).mean() + (above == 0).mean() / 2, "share", above.size),
        figure("out_of_grammar_sure", np.mean(np.array(wrong) >= 0.7), "share", len(wrong)),
    ]
