"""Kokoro-82M: a part of a sentence at a time, parted at clauses so that the first one is short."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from models.espeak import Group
from models.session import open_session
from models.tts_onnx.derived import Derived
from models.tts_onnx.text import Parting
from models.tts_onnx.voice import Rendering
from voicecore.errors import ConfigError, EngineError
from voicecore.types import Floats

RATE = 24_000
MOST = 510
"""Symbols that the model takes at a time."""
STYLE = 256
PARTING = Parting(clauses=True, first=24, growth=1.6, most=200)
LANGUAGES: Mapping[str, str] = {
    "a": "en-us",
    "b": "en-gb",
    "e": "es",
    "f": "fr-fr",
    "h": "hi",
    "i": "it",
    "p": "pt-br",
}
"""A voice's first letter is its language; Japanese and Mandarin need a transcription that espeak-ng lacks."""
_DEFAULTS: Mapping[str, tuple[str, ...]] = {
    "en-us": ("af_heart", "af_bella"),
    "en-gb": ("bf_emma", "bf_isabella"),
}
_DIPHTHONGS = {
    "a^ɪ": "I",
    "a^ʊ": "W",
    "e^ɪ": "A",
    "ɔ^ɪ": "Y",
    "d^ʒ": "ʤ",
    "t^ʃ": "ʧ",
    "o^ʊ": "O",
    "ə^ʊ": "Q",
    "t^s": "ʦ",
    "d^z": "ʣ",
}
_ENGLISH = {
    "ː^ɹ": "ːɹ",
    "ʔˌn\u0329": "tn",
    "ʔn\u0329": "tn",
    "ə^l": "ᵊl",
    "ʲo": "jo",
    "ʲə": "jə",
    "ʲ": "",
    "ɚ": "əɹ",
    "ɬ": "l",
    "r": "ɹ",
    "x": "k",
    "ç": "k",
    "ɐ": "ə",
    "\u0303": "",
    "ɾ": "T",
    "ʔ": "t",
    "o": "ɔ",
}
_BRITISH = {"e^ə": "ɛː", "iə": "ɪə", "e": "A"}
_AMERICAN = {"ɜːɹ": "ɜɹ", "ɜː": "ɜɹ", "ɪə": "iə", "ː": "", "e": "A"}
"""From espeak-ng's notation to the one that Kokoro was trained with (misaki's, hexgrad 2025)."""


class KokoroVoice:
    """``voice.Voice``: one voice of Kokoro-82M on the CPU or a GPU."""

    parting = PARTING
    tie = "^"
    rate = RATE

    def __init__(self, folder: Path, name: str, threads: int = 1, device: str = "cpu") -> None:
        """``folder`` holds the model, ``config.json`` and ``voices*.bin`` or ``voices/``.

        ``name``: a voice ("af_heart"), or a language for the best one. The first time, the model is written
        again with its noise fixed and its durations told. Raises EngineError (``model-*``,
        ``device-missing``), ConfigError (``unknown-voice``, ``bad-device``).
        """
        model = only(folder, "*.onnx")
        self._vocabulary = _vocabulary(folder / "config.json")
        self._styles, self._name = _voice(folder, name)
        self.language = LANGUAGES[self._name[0]]
        self.derived = Derived(model)
        prepared = self.derived.folder("told", lambda work: _write_told(model, work))
        self._session = open_session(prepared / "model.onnx", threads=threads, device=device)
        told = json.loads((prepared / "told.json").read_text(encoding="utf-8"))
        self._duration: str | None = told["duration"]
        inputs = {value.name: value.type for value in self._session.get_inputs()}
        self._ids = "input_ids" if "input_ids" in inputs else "tokens"
        if {self._ids, "style", "speed"} - inputs.keys() or inputs["speed"] != "tensor(float)":
            raise EngineError("model-unsupported", f"{model} takes {inputs}", file=str(model))
        self._sound = self._session.get_outputs()[0].name
        self.identity = f"{self.derived.identity}/{self._name}"

    def render(self, groups: Sequence[Group], speed: float) -> Rendering:
        """See ``voice.Voice``; all of it has been made when this returns."""
        starts: list[int] = []
        sounds: list[Floats] = []
        length = 0
        for some in self._batches(groups):
            sound, begins = self._run(some, speed)
            starts += [length + begin for begin in begins]
            sounds.append(sound)
            length += len(sound)
        return Rendering(starts, length, iter(sounds))

    def _batches(self, groups: Sequence[Group]) -> Iterator[Sequence[Group]]:
        """As many groups at a time as the model takes: all of them, unless they are long numbers."""
        first, taken = 0, 0
        for nth, group in enumerate(groups):
            size = len(self.symbols([group])[0]) + 1
            if nth > first and taken + size > MOST:
                yield groups[first:nth]
                first, taken = nth, 0
            taken += size
        yield groups[first:]

    def _run(self, groups: Sequence[Group], speed: float) -> tuple[Floats, list[int]]:
        """The sound of ``groups``, float32 [n], and the sample at which each begins."""
        ids, firsts = self.symbols(groups)
        ids = ids[:MOST]
        row = min(max(len(ids), 1), len(self._styles)) - 1
        feeds = {
            self._ids: np.array([[0, *ids, 0]], np.int64),
            "style": self._styles[row],
            "speed": np.array([speed], np.float32),
        }
        names = [self._sound, *([self._duration] if self._duration else [])]
        try:
            sound, *durations = self._session.run(names, feeds)
        except Exception as exc:  # onnxruntime's own exceptions share no narrower base
            raise EngineError("tts-failed", f"Kokoro gave up: {exc}") from exc
        sound = sound.reshape(-1).astype(np.float32, copy=False)
        frames = np.maximum(durations[0].reshape(-1), 1) if durations else np.ones(len(ids) + 2)
        edges = np.concatenate([[0], np.cumsum(frames)]) * (len(sound) / frames.sum())
        return sound, [int(edges[1 + min(first, len(ids))]) for first in firsts]

    def symbols(self, groups: Sequence[Group]) -> tuple[list[int], list[int]]:
        """The ids of what is said, the model's own pads apart, and where among them each group begins."""
        ids: list[int] = []
        firsts = []
        for nth, group in enumerate(groups):
            said = phonemes(group.ipa, self.language) + group.terminator
            letters = (" " if nth else "") + said
            firsts.append(len(ids) + bool(nth))
            ids += [self._vocabulary[letter] for letter in letters if letter in self._vocabulary]
        return ids, firsts


def phonemes(ipa: str, language: str) -> str:
    """espeak-ng's IPA, tied by "^", or a lexicon's, without ties, in Kokoro's notation."""
    if "^" not in ipa:
        for tied in _DIPHTHONGS.keys() - {"t^s", "d^z"}:  # "cats" has two sounds there
            ipa = ipa.replace(tied.replace("^", ""), tied)
    tables = [_DIPHTHONGS]
    if language.startswith("en"):
        tables += [_ENGLISH, _BRITISH if language == "en-gb" else _AMERICAN]
    for table in tables:
        for theirs, ours in table.items():
            ipa = ipa.replace(theirs, ours)
    if language.startswith("en"):
        ipa = re.sub("(\\S)\u0329", r"ᵊ\1", ipa)
    return ipa.replace("^", "").replace("\u0329", "")


def only(folder: Path, pattern: str) -> Path:
    """The one file that fits. Raises EngineError("model-missing")."""
    files = sorted(folder.glob(pattern))
    if len(files) != 1:
        message = f"{folder} holds {len(files)} files like {pattern} instead of one"
        raise EngineError("model-missing", message, folder=str(folder))
    return files[0]


def _vocabulary(file: Path) -> dict[str, int]:
    try:
        vocabulary = json.loads(file.read_text(encoding="utf-8"))["vocab"]
        return {str(letter): int(number) for letter, number in vocabulary.items()}
    except FileNotFoundError as exc:
        raise EngineError("model-missing", f"{file} is not there", file=str(file)) from exc
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise EngineError("model-broken", f"{file} holds no vocabulary: {exc!r}", file=str(file)) from exc


def _voice(folder: Path, name: str) -> tuple[Floats, str]:
    """The styles of a voice, float32 [n, 1, 256], one for each number of symbols; and what it is called."""
    files = {file.stem: file for file in (folder / "voices").glob("*.bin")}
    try:
        if files:
            chosen = _choice(name, files)
            styles = np.fromfile(files[chosen], np.float32)
        else:
            file = only(folder, "voices*.bin")
            with file.open("rb") as handle, np.load(handle, allow_pickle=False) as archive:
                chosen = _choice(name, archive)
                styles = np.asarray(archive[chosen], np.float32)
        styles = styles.reshape(-1, 1, STYLE)
    except (OSError, ValueError, TypeError, BadZipFile) as exc:
        raise EngineError("model-broken", f"the voices in {folder} cannot be read: {exc}") from exc
    if not len(styles):
        raise EngineError("model-broken", f"voice {chosen} in {folder} is empty", voice=chosen)
    return styles, chosen


def _choice(name: str, voices: Iterable[str]) -> str:
    """Raises ConfigError("unknown-voice")."""
    known = [voice for voice in sorted(voices) if voice[0] in LANGUAGES]
    if name in known:
        return name
    spoken = LANGUAGES.values() if name[2:3] in ("", "-") else ()
    for language in dict.fromkeys([name, *(other for other in spoken if other[:2] == name[:2])]):
        ours = [voice for voice in known if LANGUAGES[voice[0]] == language]
        if ours:
            return next((voice for voice in _DEFAULTS.get(language, ()) if voice in ours), ours[0])
    message = f"no voice {name!r}; known: {', '.join(known)}"
    raise ConfigError("unknown-voice", message, voice=name)


def _write_told(model: Path, folder: Path) -> None:
    """The model with fixed noise and, where they are to be found, the durations as an output."""
    import onnx  # noqa: PLC0415  only the first start of a model needs it

    from models.tts_onnx.graph import expose_durations, fix_noise  # noqa: PLC0415

    try:
        whole = onnx.load(model)
    except Exception as exc:  # protobuf's and onnx's own exceptions share no narrower base
        raise EngineError("model-broken", f"{model} does not load: {exc}", file=str(model)) from exc
    duration = expose_durations(whole)
    fix_noise(whole)
    onnx.save(whole, folder / "model.onnx")
    (folder / "told.json").write_text(json.dumps({"duration": duration}), encoding="utf-8")
