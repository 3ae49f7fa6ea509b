"""The espeak-ng library behind ctypes: one voice at a time, one fresh copy of its state per utterance."""

from __future__ import annotations

import _ctypes
import re
import threading
from collections.abc import Iterator
from contextlib import suppress
from ctypes import (
    CDLL,
    CFUNCTYPE,
    POINTER,
    Structure,
    addressof,
    byref,
    c_char,
    c_char_p,
    c_int,
    c_long,
    c_short,
    c_size_t,
    c_ubyte,
    c_uint,
    c_void_p,
    create_string_buffer,
    string_at,
)
from dataclasses import dataclass
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import espeakng_loader
import numpy as np

from voicecore.errors import ConfigError, EngineError
from voicecore.types import Pcm

RATE = 22_050
"""Hz, of every voice that synthesises by formants."""
_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000
_BUFFER_MS = 200
_UTF8, _PHONEMES, _END_PAUSE = 1, 0x100, 0x1000
_RATE, _PITCH = 1, 3
_BY_CHARACTER = 1
_LAST, _WORD = 0, 1
_IPA, _TIED = 0x02, 0x80
_BRISK = 400
"""Words per minute at which words are counted: beyond 450 the library stretches time, which takes longer."""
_FLAGS = re.compile(r"\([^)]+\)")
"""Where another language begins and ends, in a transcription."""
_TERMINATOR = re.compile(rb"([.,:;!?])[^.,:;!?\w]*\w{0,2}$")
"""What ended a clause; the library has read up to two letters beyond it."""
_SYNTH = (c_char_p, c_size_t, c_uint, c_int, c_uint, c_uint, c_void_p, c_void_p)


@dataclass(frozen=True, slots=True)
class Style:
    """A voice as the library knows it, and how it speaks."""

    voice: str
    """Identifier with an optional variant, "gmw/en-US+klatt4"; see ``find_voice``."""
    rate: int
    """Words per minute, 80..450."""
    pitch: int
    """0..99, 50 is the voice's own."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """Sound at ``RATE``, and (character offset, sample) of each word that the engine made out."""

    pcm: Pcm
    words: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Group:
    """What the engine says in one breath, a word or several run together, and where it stands in the text."""

    ipa: str
    offset: int
    """In characters."""
    terminator: str = ""
    """One of ``.,:;!?`` after the last group of a clause."""


class _Event(Structure):
    _fields_ = (
        ("type", c_int),
        ("unique_identifier", c_uint),
        ("text_position", c_int),
        ("length", c_int),
        ("audio_position", c_int),
        ("sample", c_int),
        ("user_data", c_void_p),
        ("id", c_char * 8),
    )


class _Voice(Structure):
    _fields_ = (
        ("name", c_char_p),
        ("languages", c_void_p),
        ("identifier", c_char_p),
        ("gender", c_ubyte),
        ("age", c_ubyte),
        ("variant", c_ubyte),
        ("reserved", c_ubyte),
        ("score", c_int),
        ("spare", c_void_p),
    )


_free = CDLL(None).free
_free.argtypes = (c_void_p,)
_free.restype = None
_Callback = CFUNCTYPE(c_int, POINTER(c_short), c_int, POINTER(_Event))


class Espeak:
    """The library, of which a process has one. Calls are serialised; each takes milliseconds.

    The engine carries the phases of its pitch flutter and of its noise over from one utterance to the next,
    and offers no way to reset them: no sentence would sound the same twice. Therefore the library is
    loaded anew for each utterance; ``prepare`` does that ahead of time, off the critical path.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._library: CDLL | None = None
        self._voices: Any = None
        self._callback = _Callback(self._take)
        self._pcm: list[bytes] = []
        self._words: list[tuple[int, int]] = []
        self._fault: BaseException | None = None

    def find_voice(self, name: str) -> str:
        """The identifier of a voice named by language ("en-us"), name or file, with "+variant" or without.

        Raises ConfigError("unknown-voice"); EngineError("tts-failed").
        """
        base, plus, variant = name.partition("+")
        with self._lock:
            self._open()
            voices = dict(self._names())
        if base.lower() not in voices:
            known = ", ".join(sorted(voice for voice in voices if re.fullmatch(r"[a-z]{2,3}(-\w+)*", voice)))
            raise ConfigError("unknown-voice", f"no voice {name!r}; known: {known}", voice=name)
        variants = sorted(file.name for file in (_data() / "voices" / "!v").iterdir()) if plus else [""]
        if variant not in variants:
            message = f"no variant {variant!r} for voice {name!r}; known: {', '.join(variants)}"
            raise ConfigError("unknown-voice", message, voice=name)
        return voices[base.lower()] + plus + variant

    def speak(self, style: Style, text: str) -> Spoken:
        """Synthesise ``text``, which may hold [[phonemes]], in one go. Raises EngineError("tts-failed")."""
        with self._lock:
            library = self._open()
            try:
                if library.espeak_SetVoiceByName(style.voice.encode()):
                    raise EngineError("tts-failed", f"no voice {style.voice}", voice=style.voice)
                library.espeak_SetParameter(_RATE, style.rate, 0)
                library.espeak_SetParameter(_PITCH, style.pitch, 0)
                return self._synthesise(library, text)
            finally:
                self._close()

    def transcribe(self, voice: str, text: str, tie: str = "") -> tuple[Group, ...]:
        """IPA with stress marks for ``text``, which may hold [[phonemes]], by ``voice`` (see ``find_voice``).

        ``tie`` is put between the letters of what is one sound ("a^ɪ"). The library does not tell which
        word a group stands for, so the text is spoken too, briskly, and its word events are counted off: one
        per group. Raises EngineError("tts-failed").
        """
        with self._lock:
            library = self._open()
            try:
                if library.espeak_SetVoiceByName(voice.encode()):
                    raise EngineError("tts-failed", f"no voice {voice}", voice=voice)
                library.espeak_SetParameter(_RATE, _BRISK, 0)
                offsets = [offset for offset, _ in self._synthesise(library, text).words]
                clauses = list(_clauses(library, text, _IPA | (_TIED | ord(tie) << 8 if tie else 0)))
            finally:
                self._close()
        groups = [(ipa, end if last else "") for said, end in clauses for ipa, last in _marked(said)]
        at = [len(offsets) * nth // len(groups) for nth in range(len(groups))]
        return tuple(
            Group(ipa, offsets[nth] if offsets else 0, end)
            for (ipa, end), nth in zip(groups, at, strict=True)
        )

    def prepare(self) -> None:
        """Get ready to speak, unless somebody is speaking."""
        if self._lock.acquire(blocking=False):
            try:
                with suppress(EngineError):  # speaking will say so
                    self._open()
            finally:
                self._lock.release()

    def _open(self) -> CDLL:
        """The library as nobody has used it."""
        if self._library is not None:
            return self._library
        try:
            self._library = library = CDLL(espeakng_loader.get_library_path())
        except OSError as exc:
            raise EngineError("tts-failed", f"espeak-ng does not load: {exc}") from exc
        library.espeak_Synth.argtypes = _SYNTH
        library.espeak_ng_SetRandSeed.argtypes = (c_long,)
        library.espeak_TextToPhonemes.argtypes = (POINTER(c_void_p), c_int, c_int)
        library.espeak_TextToPhonemes.restype = c_char_p
        library.espeak_ListVoices.restype = POINTER(POINTER(_Voice))
        rate = library.espeak_Initialize(_SYNCHRONOUS, _BUFFER_MS, str(_data()).encode(), _DONT_EXIT)
        if rate != RATE:
            self._close()
            raise EngineError("tts-failed", f"espeak-ng does not start from {_data()} ({rate})")
        library.espeak_ng_SetRandSeed(1)
        library.espeak_SetSynthCallback(self._callback)
        self._voices = library.espeak_ListVoices(None)
        return library

    def _close(self) -> None:
        """Unload the library, and free the table of voices, which it forgets."""
        if self._library is not None:
            self._library.espeak_Terminate()
            _ctypes.dlclose(self._library._handle)
            _free(self._voices)
        self._library = self._voices = None

    def _names(self) -> Iterator[tuple[str, str]]:
        """(a voice's language, name or file in lower case, its identifier); its own language comes last."""
        voices = [entry.contents for entry in takewhile(bool, map(self._voices.__getitem__, count()))]
        for voice in voices:
            identifier = voice.identifier.decode()
            for name in (voice.name.decode(), identifier, Path(identifier).name):
                yield name.lower(), identifier
        for voice in voices:
            yield string_at(voice.languages + 1).decode().lower(), voice.identifier.decode()

    def _synthesise(self, library: CDLL, text: str) -> Spoken:
        self._pcm, self._words, self._fault = [], [], None
        data = text.encode()
        status = library.espeak_Synth(
            data, len(data) + 1, 0, _BY_CHARACTER, 0, _UTF8 | _PHONEMES | _END_PAUSE, None, None
        )
        if self._fault is not None or status:
            raise EngineError("tts-failed", f"espeak-ng gave up ({status})", status=status) from self._fault
        return Spoken(np.frombuffer(b"".join(self._pcm), np.int16), tuple(self._words))

    def _take(self, wave: Any, samples: int, events: Any) -> int:
        """The library's callback: sound and word events; 1 ends the synthesis."""
        try:
            if wave:
                self._pcm.append(string_at(wave, 2 * samples))
            for event in takewhile(lambda event: event.type != _LAST, map(events.__getitem__, count())):
                if event.type == _WORD:
                    self._words.append((event.text_position - 1, event.sample))
        except BaseException as exc:  # must not fly through C
            self._fault = exc
            return 1
        return 0


def _clauses(library: CDLL, text: str, mode: int) -> Iterator[tuple[str, str]]:
    """(transcription, terminator) of each clause."""
    data = text.encode()
    buffer = create_string_buffer(data)
    at = c_void_p(addressof(buffer))
    begin = 0
    while at.value is not None:
        said = library.espeak_TextToPhonemes(byref(at), _UTF8, mode)
        end = len(data) if at.value is None else at.value - addressof(buffer)
        terminator = _TERMINATOR.search(data[begin:end])
        yield _FLAGS.sub("", (said or b"").decode()), terminator[1].decode() if terminator else ""
        begin = end


def _marked(said: str) -> Iterator[tuple[str, bool]]:
    """The groups of a clause, and which is its last."""
    groups = said.split()
    return zip(groups, [*[False] * (len(groups) - 1), True], strict=False)


def _data() -> Path:
    return Path(espeakng_loader.get_data_path())


LIBRARY = Espeak()
"""The one of this process."""
