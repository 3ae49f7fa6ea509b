"""Speech for phrases that never change, kept on disk: said before, said at once."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from voicecore.errors import EngineError
from voicecore.ports import Tts
from voicecore.types import SpeechChunk, WordMark

SUFFIX = ".npz"


class PhraseStore:
    """Utterances by key, the longest unused thrown away first. For any number of threads and processes."""

    def __init__(self, folder: Path, limit_mb: int = 64) -> None:
        """Raises EngineError("cache-unwritable")."""
        self._folder = folder
        self._limit = limit_mb << 20
        self._lock = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise EngineError("cache-unwritable", f"{folder}: {exc.strerror}", folder=str(folder)) from exc

    def get(self, key: str) -> SpeechChunk | None:
        """What ``put`` kept; a file that is damaged is no file."""
        file = self._file(key)
        try:
            with file.open("rb") as handle, np.load(handle, allow_pickle=False) as kept:
                pcm, marks = kept["pcm"], kept["marks"].tolist()
            os.utime(file)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            with suppress(OSError):
                file.unlink()
            return None
        return SpeechChunk(pcm, tuple(WordMark((start, end), sample) for start, end, sample in marks))

    def put(self, key: str, chunk: SpeechChunk) -> None:
        """Keep it, if the disk lets us; a phrase is never seen half written."""
        marks = [(*mark.chars, mark.sample) for mark in chunk.marks]
        with suppress(OSError), self._lock:
            handle, name = tempfile.mkstemp(dir=self._folder, suffix=".part")
            with os.fdopen(handle, "wb") as file:
                np.savez(file, pcm=chunk.pcm, marks=np.array(marks, np.int64).reshape(-1, 3))
            Path(name).replace(self._file(key))
            self._shrink()

    def _shrink(self) -> None:
        files = [(file, file.stat()) for file in self._folder.glob(f"*{SUFFIX}")]
        files.sort(key=lambda entry: entry[1].st_mtime_ns, reverse=True)
        held = 0
        for file, facts in files:
            held += facts.st_size
            if held > self._limit:
                file.unlink(missing_ok=True)

    def _file(self, key: str) -> Path:
        return self._folder / (hashlib.sha256(key.encode()).hexdigest() + SUFFIX)


class CachedTts:
    """``ports.Tts`` over another one: ``fixed`` phrases are synthesised once, whatever else each time.

    Nothing but them is ever written to disk: what is made up for a caller may be personal.
    """

    def __init__(self, tts: Tts, identity: str, fixed: Collection[str], store: PhraseStore) -> None:
        """``identity``: all that the sound of ``tts`` depends on, the text apart."""
        self._tts = tts
        self._identity = identity
        self._fixed = frozenset(fixed)
        self._store = store

    def synthesize(self, text: str) -> Iterator[SpeechChunk]:
        """A phrase that is kept comes as one chunk. Raises what the other one raises."""
        if text not in self._fixed:
            yield from self._tts.synthesize(text)
            return
        key = self._key(text)
        kept = self._store.get(key)
        if kept is not None:
            yield kept
            return
        chunks = []
        for chunk in self._tts.synthesize(text):
            chunks.append(chunk)
            yield chunk
        if chunks:
            pcm = np.concatenate([chunk.pcm for chunk in chunks])
            self._store.put(key, SpeechChunk(pcm, tuple(mark for chunk in chunks for mark in chunk.marks)))

    def warm(self) -> int:
        """Synthesise the fixed phrases that are not kept yet; how many these were."""
        absent = [text for text in sorted(self._fixed) if self._store.get(self._key(text)) is None]
        for text in absent:
            for _ in self.synthesize(text):
                pass
        return len(absent)

    def _key(self, text: str) -> str:
        return f"{self._identity}\n{text}"
