"""Answers for what is kept of callers: opens it to who may, destroys it when it must go, on the record."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from voicecore.audit import Audit, Chain
from voicecore.audit.record import BOX
from voicecore.config import RetentionSettings
from voicecore.errors import StoreError
from voicecore.store import SqlStore
from voicecore.vault import AudioReader, KeyStore, SecretVault
from voicecore.vault.callers import caller_of

SEALED = ".sealed"
"""How the name of a sealed recording ends."""
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Person:
    """Who does something to what is kept, and why; both go on record."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Gone:
    """What was destroyed: calls whose words went, keys, files of recordings, records of the audit."""

    calls: int = 0
    keys: int = 0
    files: int = 0
    records: int = 0


class Custodian:
    """Store, keys, recordings and audit of one box. All methods raise StoreError.

    Every act is on record, durably, before it happens; a destruction that a crash or a reader cut short is
    done again by asking again.
    """

    def __init__(
        self,
        store: SqlStore,
        keys: KeyStore | None,
        audit: Audit | None,
        recordings: Path,
        region: str = "",
        own: KeyStore | None = None,
    ) -> None:
        """``recordings``: the folder in which calls are recorded under their ids; ``region``: see
        ``caller_of``; ``own``: where there is no vault, the keys of what the agent process sealed for itself.
        """
        self.store = store
        self._keys = keys
        self._audit = audit
        self._recordings = recordings
        self._region = region
        self._own = own

    def calls_of(self, caller: str) -> list[str]:
        """The calls of a caller, however the address is spelt."""
        name = caller_of(caller, self._region)
        if not name:
            return []
        found = set(self.store.calls_of(lambda uri: caller_of(uri, self._region) == name))
        return sorted(found.union(self._keys.calls_of(caller) if self._keys else ()))

    def erase(self, caller: str, person: Person) -> Gone:
        """Destroy what is kept of all calls of a caller: words, recordings, secrets, and their keys.

        That there were calls, when, and what the audit says of them (redacted) stays.
        """
        calls = self.calls_of(caller)
        for call in calls:
            self._note(call, "erasure", person)
        self._record("erasure", person, {"calls": len(calls)})
        if not calls:
            return Gone()
        files = self._remove_recordings(calls)
        self.store.erase(calls)
        keys = sum(kept.destroy(calls, why=person.why) for kept in (self._keys, self._own) if kept)
        gone = Gone(len(calls), keys, files)
        self._record("erasure.done", person, asdict(gone))
        return gone

    def retain(
        self, settings: RetentionSettings, chain: Chain | None = None, now: datetime | None = None
    ) -> Gone:
        """Destroy what has been kept for as long as it may. ``chain``: of the audit, whose records go too."""
        at = now or datetime.now(UTC)
        person = Person("retention", "its time is over")
        limits = {name: at - timedelta(days) for name, days in settings.model_dump().items() if days}
        self._record("retention", person, {name: limit.isoformat() for name, limit in limits.items()})
        keys = files = records = 0
        recorded = self._aged("recording", limits.get("recording_days"), self.store.recorded)
        if recorded:
            files = self._remove_recordings(recorded)
            self.store.erase(recorded, transcripts=False)
            keys += self._destroy(recorded, "recording")
        spoken = self._aged("record", limits.get("transcript_days"), self.store.older)
        if spoken:
            self.store.erase(spoken, recordings=False)
            keys += self._destroy(spoken, "record")
        keys += self._destroy(self._aged("vault", limits.get("vault_days"), None), "vault")
        if self._keys is not None:
            with closing(SecretVault(self._keys)) as secrets:
                secrets.purge()
        if chain is not None and "audit_days" in limits:
            records = chain.prune(
                limits["audit_days"].isoformat(timespec="microseconds").replace("+00:00", "Z")
            )
        gone = Gone(len(spoken), keys, files, records)
        self._record("retention.done", person, asdict(gone))
        return gone

    def listen(self, call_id: str, person: Person, salvage: bool = False) -> AudioReader:
        """The sound of a call's sealed recording (``AudioReader``). Raises ``no-recording``."""
        if self._keys is None:
            raise StoreError(
                "no-recording", "recordings are not sealed here: they are WAV files", call=call_id
            )
        path = self.store.recordings([call_id]).get(call_id)
        found = Path(path) if path else next(iter(self._files(call_id)), None)
        if found is None:
            raise StoreError("no-recording", f"call {call_id!r} has no recording", call=call_id)
        key = self._keys.open(call_id, "recording")
        self._note(call_id, "recording.opened", person)
        self._record("recording.opened", person, {"calls": 1})
        return AudioReader(found, key, salvage)

    def _aged(self, kind: str, limit: datetime | None, kept: Any) -> list[str]:
        """The calls with something of that kind from before ``limit``."""
        if limit is None:
            return []
        than = limit.isoformat(timespec="microseconds")
        found = dict.fromkeys(kept(limit) if kept else ())
        return list(found | dict.fromkeys(self._keys.older(kind, than) if self._keys else ()))

    def _destroy(self, calls: Iterable[str], kind: str) -> int:
        return self._keys.destroy(calls, (kind,), "retention") if self._keys else 0

    def _files(self, call_id: str) -> list[Path]:
        return sorted(self._recordings.glob(f"{glob.escape(call_id)}.wav*"))

    def _remove_recordings(self, calls: Iterable[str]) -> int:
        """Overwrite and remove the files, also of calls that are up or died; how many."""
        paths = {Path(path).absolute() for path in self.store.recordings(calls).values()}
        for call in calls:
            paths |= {path.absolute() for path in self._files(call)}
        return sum(_remove(path) for path in sorted(paths))

    def _note(self, call_id: str, kind: str, person: Person) -> None:
        """In the call's own part of the chain; durable with the box's record after it."""
        if self._audit is not None:
            data = {"who": person.name, "why": person.why}
            self._audit.note(call_id, f"custody.{kind}", 0.0, data, bundle="")

    def _record(self, kind: str, person: Person, data: Mapping[str, Any]) -> None:
        """Durably, before what it is about. Raises ``audit-unavailable``."""
        if self._audit is not None:
            about = {"who": person.name, "why": person.why, **data}
            self._audit.keep(BOX, f"custody.{kind}", 0.0, about, bundle="").result()


def _remove(path: Path) -> bool:
    """Overwritten with zeros first, if it is not sealed. Raises StoreError("store-unavailable")."""
    try:
        if not path.name.removesuffix(".part").endswith(SEALED):
            with path.open("r+b") as file:
                size = os.fstat(file.fileno()).st_size
                for at in range(0, size, _BLOCK):
                    file.write(bytes(min(_BLOCK, size - at)))
                file.flush()
                os.fsync(file.fileno())
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as exc:
        raise StoreError("store-unavailable", f"{path}: {exc.strerror}", file=str(path)) from exc
    return True
