"""Keeps private data out of logs and traces: a filter for logging, and a scrubber for whatever is traced."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from voicecore.redaction.entities import Entity
from voicecore.redaction.redactor import Redactor, Rules

PRIVATE = "pii"
"""Attributes and fields under this name are dropped unread."""


class Scrubber:
    """Takes private data out of texts and nested values that belong to no turn of a call."""

    def __init__(self, rules: Rules | None = None) -> None:
        self._rules = rules or Rules()

    def text(self, text: str) -> str:
        """``text`` with "[CARD]" and the like in the place of what is surely private."""
        out, at = "", 0
        for finding in Redactor(self._rules).heard(text).findings:
            if finding.entity != Entity.NUMBER:
                out += f"{text[at : finding.start]}[{finding.entity.upper()}]"
                at = finding.end
        return out + text[at:]

    def value(self, value: Any) -> Any:
        """A copy of ``value`` with every string scrubbed, keys too, and what is under ``pii`` left out."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.value(k): self.value(v) for k, v in value.items() if k != PRIVATE}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return self.text(repr(value)) if isinstance(value, BaseException) else value


class LogFilter(logging.Filter):
    """Scrubs each record that passes: message, exception and ``pii``; to be added to handlers."""

    def __init__(self, scrubber: Scrubber) -> None:
        super().__init__()
        self._scrubber = scrubber

    def filter(self, record: logging.LogRecord) -> bool:
        """Always True: the record goes on, without private data."""
        record.msg, record.args = self._scrubber.text(record.getMessage()), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text, record.exc_info = self._scrubber.text(record.exc_text), None
        if hasattr(record, PRIVATE):
            delattr(record, PRIVATE)
        return True
