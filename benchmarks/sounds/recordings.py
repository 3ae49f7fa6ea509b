"""Recorded human speech from Debian packages: who speaks, under which licence, and what is said."""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path

import av
import numpy as np

from benchmarks.prompts import NOT_SPEECH, ROOT, SENTENCES
from benchmarks.sounds.wordings import Split
from voicecore.audio import resample
from voicecore.errors import ConfigError
from voicecore.types import RATE, Pcm

SHORTEST = 100
"""Bytes; the Russian prompts hold a few empty files."""
SPHINX = Path("/usr/share/pocketsphinx/test/data")
DOCS = Path("/usr/share/doc")
_ASTERISK = re.compile(r"(?m)^\ufeff?([\w/*#-]+):[ \t]*(.+?)\s*$")
_TRANSCRIPTION = re.compile(r"(?m)^(?:<s>)?\s*(.+?)\s*(?:</s>)?\s*\(([\w-]+)\)\s*$")
_FORMATS = {"gsm": "gsm", "g722": "g722", "raw": "s16le", "wav": "wav"}


@dataclass(frozen=True, slots=True)
class Speaker:
    """One person, or one set of recordings whose speakers are not told apart."""

    name: str
    language: str
    split: Split
    package: str
    """The Debian package that brings the recordings."""
    licence: str
    folder: Path
    patterns: tuple[str, ...]
    """Globs below the folder; all end in the one suffix that is read."""
    texts: Path | None = None
    """What is said, as the recordings' publisher has it."""
    spoken: tuple[tuple[str, str], ...] = ()
    """What is said where no file tells: (name, text)."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One utterance of one person, without noise."""

    speaker: Speaker
    name: str
    """Path below the speaker's folder, without suffix."""
    suffix: str
    text: str = field(compare=False, default="")
    """"" where it is not known."""

    def read(self) -> Pcm:
        """int16 at 16 kHz, decoded; narrow-band recordings have nothing above 4 kHz."""
        return _decode(self.speaker.folder / f"{self.name}{self.suffix}")


def _allison(
    language: str, folder: str, split: Split, speaker: str, licence: str = "CC-BY-SA-3.0"
) -> Speaker:
    package = f"asterisk-core-sounds-{language}"
    texts = SENTENCES.with_name("core-sounds-en.txt")
    if language != "en":
        texts = DOCS / package / f"core-sounds-{language}.txt.gz"
    return Speaker(
        f"{language}-{speaker}",
        language,
        split,
        f"{package}-g722",
        licence,
        ROOT / folder,
        ("**/*.g722",),
        texts,
    )


SPEAKERS = (
    _allison("en", "en_US_f_Allison", "train", "allison"),
    _allison("es", "es_MX_f_Allison", "train", "allison"),
    _allison("fr", "fr_CA_f_June", "test", "june"),
    _allison("it", "it_IT_m_Carlo", "test", "carlo"),
    _allison("ru", "ru_RU_f_IvrvoiceRU", "test", "ivrvoice", "CC-BY-3.0"),
    Speaker(
        "fr-armelle",
        "fr",
        "test",
        "asterisk-prompt-fr-armelle",
        "BSD-2-Clause",
        ROOT / "fr",
        ("**/*.gsm",),
    ),
    Speaker(
        "it-menardi",
        "it",
        "test",
        "asterisk-prompt-it-menardi-wav",
        "CC-BY-SA-3.0-IT",
        ROOT / "it_IT_f_Menardi",
        ("**/*.wav",),
    ),
    Speaker("es-co", "es", "test", "asterisk-prompt-es-co", "GPL-2.0", ROOT / "es", ("**/*.gsm",)),
    Speaker(
        "en-librivox",
        "en",
        "test",
        "pocketsphinx-testdata",
        "BSD-2-Clause",
        SPHINX / "librivox",
        ("*.wav",),
        SPHINX / "librivox/transcription",
    ),
    Speaker(
        "en-cards",
        "en",
        "test",
        "pocketsphinx-testdata",
        "BSD-2-Clause",
        SPHINX / "cards",
        ("*.wav",),
        SPHINX / "cards/cards.transcription",
    ),
    Speaker(
        "en-sphinx",
        "en",
        "test",
        "pocketsphinx-testdata",
        "BSD-2-Clause",
        SPHINX,
        ("goforward.raw", "something.raw"),
        spoken=(("goforward", "go forward ten meters"),),
    ),
)
"""No person is in both splits."""


def speakers(split: Split) -> list[Speaker]:
    """Those of a split whose recordings are installed. Raises ConfigError("no-recordings") when none is."""
    wanted = [speaker for speaker in SPEAKERS if speaker.split == split]
    there = [speaker for speaker in wanted if speaker.folder.is_dir() and recordings(speaker)]
    if not there:
        packages = ", ".join(sorted({speaker.package for speaker in wanted}))
        raise ConfigError("no-recordings", f"needs one of the Debian packages {packages}", split=split)
    return there


@cache
def recordings(speaker: Speaker) -> tuple[Recording, ...]:
    """All speech of one person, by name. Raises ConfigError("no-recordings") that names the package."""
    found_files = (file for pattern in speaker.patterns for file in speaker.folder.glob(pattern))
    files = sorted(file for file in found_files if file.stat().st_size > SHORTEST)
    texts = _texts(speaker)
    named = [(str(file.relative_to(speaker.folder).with_suffix("")), file.suffix) for file in files]
    found = [
        Recording(speaker, name, suffix, texts.get(name, "")) for name, suffix in named if _is_speech(name)
    ]
    if not found:
        raise ConfigError("no-recordings", f"needs the Debian package {speaker.package}", voice=speaker.name)
    return tuple(found)


def human_turns(split: Split) -> list[Recording]:
    """Whole utterances, as a caller's turn: what stands alone as a sentence, by speaker and name.

    The Asterisk prompts have the same names in every language, so the English choice holds for all.
    """
    lines = SENTENCES.read_text(encoding="utf-8").splitlines()
    sentences = {line for line in lines if not line.startswith("#")}
    spoken = [recording for speaker in speakers(split) for recording in recordings(speaker)]
    return [r for r in spoken if r.name in sentences or r.speaker.folder.is_relative_to(SPHINX)]


def _is_speech(name: str) -> bool:
    return name not in NOT_SPEECH and not name.startswith("silence/")


def _texts(speaker: Speaker) -> dict[str, str]:
    """What is said, by name of the recording; nothing where the publisher's file is not installed."""
    if speaker.texts is None or not speaker.texts.exists():
        return dict(speaker.spoken)
    data = speaker.texts.read_bytes()
    raw = (gzip.decompress(data) if speaker.texts.suffix == ".gz" else data).decode("utf-8", "replace")
    if speaker.folder.is_relative_to(SPHINX):
        return {name: text for text, name in _TRANSCRIPTION.findall(raw)}
    return {name: text for name, text in _ASTERISK.findall(raw) if "[" not in text}


@lru_cache(maxsize=1024)
def _decode(file: Path) -> Pcm:
    kind = _FORMATS[file.suffix[1:]]
    options = {"sample_rate": str(RATE)} if kind == "s16le" else {}
    with av.open(str(file), format=kind, options=options) as container:
        rate = container.streams.audio[0].rate
        mono = av.AudioResampler("s16", "mono", rate)
        frames = [part for frame in container.decode(audio=0) for part in mono.resample(frame)]
    pcm = np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(np.int16)
    pcm = pcm if rate == RATE else resample(pcm, rate, RATE)
    pcm.setflags(write=False)
    return pcm
