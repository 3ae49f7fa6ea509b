"""Sends checkpoints off the box, each sink at its own pace: one that can't be reached gets them later."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping

from voicecore.audit.chain import Chain
from voicecore.audit.sinks import Sink
from voicecore.errors import StoreError

log = logging.getLogger(__name__)

_RETRY_S = 10.0


class Exporter:
    """A thread with its own hold on the chain. ``sinks``: by the URL under which the chain remembers what
    each has got."""

    def __init__(self, chain: Chain, sinks: Mapping[str, Sink], retry_s: float = _RETRY_S) -> None:
        self._chain = chain
        self._sinks = dict(sinks)
        self._retry_s = retry_s
        self._failed: set[str] = set()
        self._wanted = threading.Condition()
        self._asked = 1
        """Rounds that were wanted, ..."""
        self._done = 0
        """... and those that were made."""
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="audit export", daemon=True)
        self._thread.start()

    def wake(self, wait: bool = False) -> None:
        """There is a new checkpoint. ``wait``: block until all sinks were tried."""
        with self._wanted:
            self._asked += 1
            mine = self._asked
            self._wanted.notify_all()
            while wait and self._done < mine:
                self._wanted.wait()

    def close(self) -> None:
        """Try once more and end."""
        with self._wanted:
            self._closed = True
            self._asked += 1
            self._wanted.notify_all()
        self._thread.join()
        self._chain.close()

    def _work(self) -> None:
        closed = False
        while not closed:
            with self._wanted:
                if self._asked == self._done:
                    self._wanted.wait(self._retry_s if self._failed else None)
                asked, closed = self._asked, self._closed
            for name, sink in self._sinks.items():
                self._send(name, sink)
            with self._wanted:
                self._done = asked
                self._wanted.notify_all()

    def _send(self, name: str, sink: Sink) -> None:
        """All that ``sink`` has not got, in order, as far as it takes it."""
        try:
            for checkpoint in self._chain.unshipped(name):
                sink.send(checkpoint.line())
                self._chain.ship(name, checkpoint.seq)
        except (OSError, ValueError, StoreError) as exc:
            if name not in self._failed:
                log.error("a checkpoint can't be exported", exc_info=exc, extra={"sink": name})
            self._failed.add(name)
        else:
            self._failed.discard(name)
