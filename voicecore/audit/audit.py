"""Notes what was decided: a thread of its own adds records to the chain, many per transaction."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from queue import Empty, Queue
from typing import Any

from voicecore.audit.chain import Chain, now
from voicecore.audit.export import Exporter
from voicecore.audit.record import Entry, Receipt
from voicecore.errors import StoreError

log = logging.getLogger(__name__)

WAITING = 20_000
"""Records that may wait for a slow disk; then none is taken, and what needs one is not done."""
BATCH = 512
"""Records of one transaction."""
_RETRY_S = 0.5


@dataclass(frozen=True, slots=True)
class _Task:
    """Something for the thread: a record, or (without one) a checkpoint."""

    entry: Entry | None
    done: Future[Receipt] | None


class Audit:
    """``ports.Audit``. Safe from any thread; any number of processes may have one on the same file.

    A record is what was heard (redacted), which signals and rules, and what was decided; the caller says so
    in ``data``. Errors: StoreError ``audit-bad-record`` (not JSON, too long), ``audit-unavailable`` (too much
    waits, the disk does not take it, or this was closed): then nothing may be done that needs a record.
    """

    def __init__(
        self,
        chain: Chain,
        bundle: str = "",
        *,
        checkpoint_s: float = 60.0,
        checkpoint_records: int = 1000,
        exporter: Exporter | None = None,
        clock: Callable[[], str] = now,
    ) -> None:
        """``chain`` is this object's from now on; ``bundle``: the version of the agent that decides, unless
        a note says another; ``exporter``: given to one process of the box, sends checkpoints away."""
        self._chain = chain
        self._bundle = bundle
        self._every = (checkpoint_s, checkpoint_records)
        self._exporter = exporter
        self._clock = clock
        self._queue: Queue[_Task | None] = Queue()
        self._room = threading.Semaphore(WAITING)
        self._late: list[_Task] = []
        """What the disk has not taken yet."""
        self._closed = False
        self._failure: str | None = None
        self._pending, self._due = self._state()
        self._thread = threading.Thread(target=self._work, name="audit", daemon=True)
        self._thread.start()

    @property
    def healthy(self) -> bool:
        """Whether the latest batch could be kept."""
        return self._failure is None and not self._closed

    def note(
        self, call_id: str, kind: str, at: float, data: Mapping[str, Any], bundle: str | None = None
    ) -> None:
        """Have it kept, soon and in order. Never blocks. ``at``: seconds on the call's audio clock."""
        self._put(_Task(self._entry(call_id, kind, at, data, bundle), None))

    def keep(
        self, call_id: str, kind: str, at: float, data: Mapping[str, Any], bundle: str | None = None
    ) -> Future[Receipt]:
        """The same, for a decision with an effect: the future is done when the record, and all before it,
        would survive a loss of power; the effect comes afterwards. It raises ``audit-unavailable``."""
        task = _Task(self._entry(call_id, kind, at, data, bundle), _promise())
        self._put(task)
        assert task.done is not None
        return task.done

    def checkpoint(self) -> None:
        """Block until everything noted so far is on disk and under a signed checkpoint, and was exported."""
        done = _promise()
        self._put(_Task(None, done))
        done.result()

    def close(self) -> None:
        """Keep and sign what was noted. May be called twice."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        self._thread.join()

    def _entry(
        self, call_id: str, kind: str, at: float, data: Mapping[str, Any], bundle: str | None
    ) -> Entry:
        bundle = self._bundle if bundle is None else bundle
        return Entry.make(call_id, kind, at, data, bundle, self._clock())

    def _put(self, task: _Task) -> None:
        if self._closed:
            raise StoreError("audit-unavailable", "the audit is closed")
        if not self._room.acquire(blocking=False):
            raise StoreError("audit-unavailable", f"{WAITING} records wait for the disk")
        self._queue.put(task)

    def _work(self) -> None:
        """The writer: whatever waits is one transaction, until nothing more comes."""
        more = True
        while more:
            batch, more = self._next()
            self._write(self._late + [task for task in batch if task.entry])
            asked = [task.done for task in batch if task.entry is None and task.done]
            if asked or not more or self._overdue():
                self._sign(asked)
        if self._late:
            log.error("audit records were lost", extra={"records": len(self._late), "cause": self._failure})
        if self._exporter is not None:
            self._exporter.close()
        self._chain.close()

    def _next(self) -> tuple[list[_Task], bool]:
        """What waits, at most ``BATCH``; whether more may come."""
        wait = _RETRY_S if self._late else (self._every[0] if self._pending else None)
        batch: list[_Task] = []
        try:
            task = self._queue.get(timeout=wait)
            while task is not None:
                batch.append(task)
                if len(batch) >= BATCH:
                    return batch, True
                task = self._queue.get_nowait()
        except Empty:
            return batch, True
        return batch, False

    def _write(self, tasks: list[_Task]) -> None:
        """If the disk does not take it, who waits for it is told, and the rest tries again later."""
        self._late = []
        for start in range(0, len(tasks), BATCH):
            batch = tasks[start : start + BATCH]
            try:
                receipts = self._chain.append([task.entry for task in batch if task.entry])
            except Exception as exc:  # whatever it is, who waits must be told
                self._refuse(tasks[start:], exc)
                return
            self._failure = None
            self._pending += len(receipts)
            self._room.release(len(receipts))
            for task, receipt in zip(batch, receipts, strict=True):
                if task.done is not None:
                    task.done.set_result(receipt)

    def _refuse(self, tasks: list[_Task], cause: Exception) -> None:
        if self._failure != str(cause):
            log.error("audit records can't be kept", exc_info=cause)
        self._failure = str(cause)
        self._late = [task for task in tasks if task.done is None]
        if len(tasks) > len(self._late):
            self._room.release(len(tasks) - len(self._late))
        for task in tasks:
            if task.done is not None:
                task.done.set_exception(StoreError("audit-unavailable", str(cause)))

    def _overdue(self) -> bool:
        return bool(self._pending) and (self._pending >= self._every[1] or self._clock() >= self._due)

    def _sign(self, asked: list[Future[Receipt]]) -> None:
        """A checkpoint, for all that is on disk."""
        try:
            made = self._chain.checkpoint()
            self._pending, self._due = self._state()
        except Exception as exc:
            log.error("a checkpoint can't be kept", exc_info=exc)
            for done in asked:
                self._room.release()
                done.set_exception(StoreError("audit-unavailable", str(exc)))
            return
        if self._exporter is not None and (made or asked):
            self._exporter.wake(wait=bool(asked))
        for done in asked:
            self._room.release()
            done.set_result(Receipt(made.seq, made.hash) if made else Receipt(0, ""))

    def _state(self) -> tuple[int, str]:
        """Records without a checkpoint (also of other processes), and when one is due."""
        pending, last = self._chain.pending()
        at = datetime.fromisoformat(last or self._clock()).timestamp() + self._every[0]
        return pending, _utc(at)


def _promise() -> Future[Receipt]:
    """A future that can't be cancelled: the record is written all the same."""
    future: Future[Receipt] = Future()
    future.set_running_or_notify_cancel()
    return future


def _utc(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
