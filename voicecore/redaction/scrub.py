"""Keeps private data out of logs and traces: a filter for logging, and a scrubber for whatever is traced."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

from voicecore.redaction.kinds import is_card
from voicecore.redaction.redactor import Redactor, Rules

_SURE = 0.7
"""Ids and times are long numbers too."""
PRIVATE = "pii"
"""Attributes and fields under this name are dropped unread."""


_CARD = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
"""In logs they also stand inside of JSON and the like, where no words are."""


def _card(match: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", match[0])
    return "[CARD]" if is_card(digits) else match[0]


class Scrubber:
    """Takes private data out of texts and nested values that belong to no turn of a call."""

    def __init__(self, rules: Rules | None = None) -> None:
        self._rules = rules or Rules()

    def text(self, text: str) -> str:
        """``text`` with "[CARD]" and the like in the place of what is surely private."""
        text = _MAIL.sub("[EMAIL]", _CARD.sub(_card, text))
        out, at = "", 0
        for finding in Redactor(self._rules).heard(text).findings:
            if finding.score >= _SURE:
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
        failed = isinstance(value, BaseException)
        return self.text(f"{type(value).__name__}: {value}") if failed else value


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
