"""What sealing costs, and what can still be found of an erased caller in any file of the data folder."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.figures import figure
from voicecore.audit import Audit, Chain, Signer
from voicecore.custody import SEALED, Custodian, Person
from voicecore.pipeline.recording import Recorder
from voicecore.store import SqlStore
from voicecore.types import TICK, CallInfo, MediaFrame, ToolTrace, TurnTrace, Word
from voicecore.vault import AudioReader, CallKey, FileMasters, KeyStore, SealedAudio, SecretVault
from voicecore.vault.audio import PIECE

Figure = dict[str, Any]

ROWS = 5000
SECONDS = 600
"""Of sound that is sealed and opened."""
CALLS = 40
TURNS = 20
NUMBERS = ("+493012345678", "+493087654321")
"""Every other call is of the first, who is erased."""


def sealing(folder: Path) -> list[Figure]:
    """A row of a transcript, and a recording."""
    key = CallKey(bytes(32), "call", "record")
    row = b'{"caller_text":"my name is anna and I want to pay my invoice","words":[' + b"x" * 600 + b"]}"
    sealed = key.seal(row, "turns/1")
    path, sound = folder / f"sound{SEALED}", np.random.default_rng(7).bytes(PIECE)

    def write() -> None:
        audio = SealedAudio(path, CallKey(bytes(32), "call", "recording"))
        for nth in range(SECONDS):
            audio.put(sound, nth * PIECE)
        audio.close()

    def read() -> None:
        with AudioReader(path, CallKey(bytes(32), "call", "recording")) as reader:
            while reader.read(PIECE):
                pass

    mb = SECONDS * PIECE / 1e6
    figures = [
        figure("seal_us", _each(lambda: key.seal(row, "turns/1")), "us", ROWS),
        figure("open_us", _each(lambda: key.open(sealed, "turns/1")), "us", ROWS),
        figure("recording_seal_mb_s", mb / _took(write), "MB/s", SECONDS),
        figure("recording_open_mb_s", mb / _took(read), "MB/s", SECONDS),
    ]
    path.unlink()
    return figures


def erased(folder: Path) -> list[Figure]:
    """Plant words, numbers, secrets and sound of two callers; erase one; search all files, byte by byte."""
    data, keyring = folder / "data", folder / "master.key"
    (data / "recordings").mkdir(parents=True)
    keys = KeyStore(data / "keys.db", FileMasters.create(keyring))
    store = SqlStore(f"sqlite:///{data}/calls.db", keys=keys)
    secrets = SecretVault(keys)
    audit = Audit(Chain(data / "audit.db", Signer.create(folder / "custody.key")))
    for nth in range(CALLS):
        _fill(nth, store, keys, secrets, data / "recordings")
    plain = [text for nth in range(0, CALLS, 2) for text in _planted(nth)]
    sealed = list(_sealed(data, 0))
    others = list(_sealed(data, 1))
    leaked = _found(data, plain)
    before, before_others = _found(data, sealed), _found(data, others)
    keeper = Custodian(store, keys, audit, data / "recordings")
    took = _took(lambda: keeper.erase(NUMBERS[0], Person("bench", "measured")))
    after, after_others = _found(data, plain + sealed), _found(data, others)
    for opened in (audit, secrets, store, keys):
        opened.close()
    return [
        figure("plaintext_on_disk", leaked / len(plain), "share", len(plain), "<= 0"),
        figure("sealed_on_disk_before", before / len(sealed), "share", len(sealed), ">= 1"),
        figure("erased_readable", after / len(plain + sealed), "share", len(plain + sealed), "<= 0"),
        figure("others_kept", after_others / before_others, "share", before_others, ">= 1"),
        figure("erase_ms_per_call", took / (CALLS / 2) * 1000, "ms", CALLS // 2),
    ]


def _fill(nth: int, store: SqlStore, keys: KeyStore, secrets: SecretVault, folder: Path) -> None:
    call, number = f"call-{nth}", NUMBERS[nth % 2]
    said, invoice, card = (text.decode() for text in _planted(nth)[:3])
    store.begin_call(CallInfo(call, "in", f"sip:{number}@pbx", "sip:agent@box"), "billing", {})
    recorder = Recorder(folder / f"{call}.wav{SEALED}", SealedAudio.of(keys, call))
    for tick in range(120):
        sample = np.full(TICK, nth + 1, np.int16)
        recorder.write(MediaFrame(sample, sample, tick * TICK, tick))
    for turn in range(TURNS):
        words = tuple(Word(word, 0.5, 1.0) for word in said.split())
        store.add_turn(call, TurnTrace(turn, caller_text=said, caller_words=words, agent_text=said))
    store.add_tool(
        call, ToolTrace(1, "find_invoice", {"invoice": invoice}, True, {"found": invoice}, 1.0, 1.1)
    )
    secrets.put(call, "[CARD_1]", card, 3600)
    store.end_call(call, {"result": said, "duration_s": 9.0}, str(recorder.close()))


def _planted(nth: int) -> list[bytes]:
    """What must not be found of call ``nth``: what was said, an invoice, a card, the caller, the sound."""
    sound = np.full(200, nth + 1, "<i2").tobytes()
    number = NUMBERS[nth % 2].encode()
    return [
        b"utterance %06d of anna" % (nth * 7919),
        b"invoice%07d" % (nth * 104729),
        b"4%015d" % nth,
        number,
        sound,
    ]


def _sealed(data: Path, caller: int) -> Iterator[bytes]:
    """The wrapped keys, sealed rows and secrets, and pieces of recordings, of every other call."""
    mine = f"CAST(substr({{}}, 6) AS INTEGER) % 2 = {caller}"
    with closing(sqlite3.connect(data / "keys.db")) as db:
        for table, column in (("keys", "wrapped"), ("secrets", "sealed")):
            where = f"WHERE call LIKE 'call-%' AND {mine.format('call')}"
            yield from (bytes(row[0]) for row in db.execute(f"SELECT {column} FROM {table} {where}"))
    with closing(sqlite3.connect(data / "calls.db")) as db:
        for table, column, call in (
            ("calls", "sealed", "id"),
            ("calls", "sealed_outcome", "id"),
            ("turns", "sealed", "call_id"),
            ("tools", "sealed", "call_id"),
        ):
            query = f"SELECT {column} FROM {table} WHERE {mine.format(call)}"
            yield from (bytes(row[0])[:200] for row in db.execute(query))
    for nth in range(caller, CALLS, 2):
        yield (data / "recordings" / f"call-{nth}.wav{SEALED}").read_bytes()[-200:]


def _found(folder: Path, texts: list[bytes]) -> int:
    """How many of ``texts`` are in some file, in whole."""
    content = b"\0".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())
    return sum(text in content for text in texts)


def _each(work: Callable[[], object]) -> float:
    """Microseconds of one of ``ROWS``."""
    return _took(lambda: [work() for _ in range(ROWS)]) / ROWS * 1e6


def _took(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
