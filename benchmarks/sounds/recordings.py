"""Recorded human speech from Debian packages: who speaks, under which licence, and what is said."""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

import av
import numpy as np

from benchmarks.prompts import NOT_SPEECH, ROOT, SENTENCES
from benchmarks.sounds.wordings import Split
from voicecore.errors import ConfigError
from voicecore.types import RATE, Pcm

SHORTEST = 100
"""Bytes; the Russian prompts hold a few empty files."""
SPHINX = Path("/usr/share/pocketsphinx/test/data")
STAMPS = Path("/usr/share/tuxpaint/stamps")
_NO_OTHER = re.compile(r"^silence/|_outline|_filled")
"""Silence, and stamps that are called as another is."""
_PROMPT = re.compile(r"(?m)^\ufeff?([\w/*#-]+):[ \t]*(.+?)\s*$")
_TRANSCRIPTION = re.compile(r"(?m)^(?:<s>)?\s*(.+?)\s*(?:</s>)?\s*\(([\w-]+)\)\s*$")


Content = Literal["prompts", "sentences", "phrases"]
"""Telephone prompts, some of them whole sentences; whole sentences; or short phrases ("a koala")."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """One person, or one set of recordings whose speakers are not told apart."""

    name: str
    split: Split
    package: str
    """The Debian package that brings the recordings."""
    licence: str
    folder: Path
    patterns: tuple[str, ...]
    """Globs below the folder."""
    texts: str = ""
    """The file with what is said, as the recordings' publisher has it."""
    content: Content = "prompts"

    @property
    def language(self) -> str:
        return self.name[:2]


@dataclass(frozen=True, slots=True)
class Recording:
    """One utterance of one person."""

    speaker: Speaker
    name: str
    """Path below the speaker's folder, without suffix."""
    suffix: str
    text: str = field(compare=False, default="")
    """"" where it is not known."""

    def read(self) -> Pcm:
        """int16 at 16 kHz, decoded; narrow-band recordings have nothing above 4 kHz."""
        return _decode(self.speaker.folder / f"{self.name}{self.suffix}")


def _core(name: str, folder: str, split: Split, licence: str = "CC-BY-SA-3.0") -> Speaker:
    """Asterisk's own prompts."""
    package = f"asterisk-core-sounds-{name[:2]}"
    texts = f"/usr/share/doc/{package}/core-sounds-{name[:2]}.txt.gz"
    if name[:2] == "en":
        texts = str(SENTENCES.with_name("core-sounds-en.txt"))
    return Speaker(name, split, f"{package}-g722", licence, ROOT / folder, ("**/*.g722",), texts)


def _prompts(name: str, package: str, licence: str, folder: str, pattern: str) -> Speaker:
    """Other Asterisk prompts, 8 kHz."""
    return Speaker(name, "test", f"asterisk-prompt-{package}", licence, ROOT / folder, (pattern,))


def _sphinx(name: str, folder: str, patterns: tuple[str, ...], texts: str = "") -> Speaker:
    """Test recordings of CMU Sphinx; those of LibriVox are one reader's."""
    package, licence = "pocketsphinx-testdata", "BSD-2-Clause"
    return Speaker(name, "test", package, licence, SPHINX / folder, patterns, texts, "sentences")


def _stamps(language: str, split: Split, *patterns: str) -> Speaker:
    """Names of things, by volunteers at home; one person a language, as far as the changelog tells."""
    wanted = patterns or (f"**/*_desc_{language}.ogg",)
    name, package = f"{language}-stamps", "tuxpaint-stamps-default"
    return Speaker(name, split, package, "GPL-2.0", STAMPS, wanted, "", "phrases")


SPEAKERS = (
    _core("en-allison", "en_US_f_Allison", "train"),
    _core("es-allison", "es_MX_f_Allison", "train"),
    *(_stamps(language, "train") for language in ("be", "bg", "ca", "da", "fr")),
    _core("fr-june", "fr_CA_f_June", "test"),
    _core("it-carlo", "it_IT_m_Carlo", "test"),
    _core("ru-ivrvoice", "ru_RU_f_IvrvoiceRU", "test", "CC-BY-3.0"),
    _prompts("fr-armelle", "fr-armelle", "BSD-2-Clause", "fr", "**/*.gsm"),
    _prompts("it-menardi", "it-menardi-wav", "CC-BY-SA-3.0-IT", "it_IT_f_Menardi", "**/*.wav"),
    _prompts("es-co", "es-co", "GPL-2.0", "es", "**/*.gsm"),
    _sphinx("en-librivox", "librivox", ("*.wav",), "transcription"),
    _sphinx("en-cards", "cards", ("*.wav",), "cards.transcription"),
    _sphinx("en-sphinx", ".", ("goforward.raw", "something.raw")),
    *(_stamps(language, "test") for language in ("el", "es", "ro", "ru")),
    _stamps("en", "test", "**/*_desc.ogg", "**/*_en_GB.ogg"),
)
"""No person is in both splits."""


def speakers(split: Split) -> list[Speaker]:
    """Those of a split whose recordings are installed. Raises ConfigError("no-recordings") when none is."""
    wanted = [speaker for speaker in SPEAKERS if speaker.split == split]
    there = [speaker for speaker in wanted if _is_installed(speaker)]
    if not there:
        packages = ", ".join(sorted({speaker.package for speaker in wanted}))
        raise ConfigError("no-recordings", f"needs one of the Debian packages {packages}", split=split)
    return there


@cache
def recordings(speaker: Speaker) -> tuple[Recording, ...]:
    """All speech of one person, by name. Raises ConfigError("no-recordings") that names the package."""
    files = (file for pattern in speaker.patterns for file in speaker.folder.glob(pattern))
    texts, found = _texts(speaker), []
    for file in sorted(file for file in files if file.stat().st_size > SHORTEST):
        name = str(file.relative_to(speaker.folder).with_suffix(""))
        if name not in NOT_SPEECH and not _NO_OTHER.search(name):
            found.append(Recording(speaker, name, file.suffix, texts.get(name) or _caption(file, speaker)))
    if not found:
        raise ConfigError("no-recordings", f"needs the Debian package {speaker.package}", voice=speaker.name)
    return tuple(found)


@cache
def human_turns(split: Split) -> tuple[Recording, ...]:
    """Whole utterances, as a caller's turn: what stands alone as a sentence, by speaker and name.

    The Asterisk prompts have the same names in every language, so the English choice holds for all.
    """
    lines = SENTENCES.read_text(encoding="utf-8").splitlines()
    whole = {line for line in lines if not line.startswith("#")}
    spoken = (recording for speaker in speakers(split) for recording in recordings(speaker))
    return tuple(r for r in spoken if r.speaker.content == "sentences" or _is_whole_prompt(r, whole))


@cache
def human_phrases(split: Split) -> tuple[Recording, ...]:
    """Short phrases that stand alone, by speaker and name; () where the Debian package is missing."""
    return tuple(r for s in speakers(split) if s.content == "phrases" for r in recordings(s))


def _is_installed(speaker: Speaker) -> bool:
    try:
        return bool(recordings(speaker))
    except ConfigError:
        return False


def _is_whole_prompt(recording: Recording, whole: set[str]) -> bool:
    return recording.speaker.content == "prompts" and recording.name in whole


def _texts(speaker: Speaker) -> dict[str, str]:
    """What is said, by name of the recording; nothing where the publisher's file is not installed."""
    file = speaker.folder / speaker.texts
    if not file.is_file():
        return {}
    data = file.read_bytes()
    raw = (gzip.decompress(data) if file.suffix == ".gz" else data).decode("utf-8", "replace")
    if speaker.content == "sentences":
        return {name: text for text, name in _TRANSCRIPTION.findall(raw)}
    return {name: text for name, text in _PROMPT.findall(raw) if "[" not in text}


def _caption(file: Path, speaker: Speaker) -> str:
    """What the text beside a stamp calls it in the speaker's language, the first line being English."""
    beside = file.with_name(re.sub(r"_(desc|en_GB).*", "", file.stem) + ".txt")
    if speaker.content != "phrases" or not beside.is_file():
        return ""
    english, *others = beside.read_text(encoding="utf-8", errors="replace").splitlines() or [""]
    prefix = f"{speaker.language}.utf8="
    local = (line.removeprefix(prefix) for line in others if line.startswith(prefix))
    return english.strip() if speaker.language == "en" else next(local, "").strip()


@lru_cache(maxsize=1024)
def _decode(file: Path) -> Pcm:
    raw = file.suffix == ".raw"
    options = {"sample_rate": str(RATE)} if raw else {}
    with av.open(str(file), format="s16le" if raw else file.suffix[1:], options=options) as container:
        mono = av.AudioResampler("s16", "mono", RATE)
        frames = [part for frame in (*container.decode(audio=0), None) for part in mono.resample(frame)]
    pcm = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    pcm.setflags(write=False)
    return np.asarray(pcm, np.int16)
