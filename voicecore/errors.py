"""Errors with stable codes: what every layer raises and every log, API and exit message quotes."""

from __future__ import annotations


class VoicecoreError(Exception):
    """An error with a stable ``code`` (kebab-case), a sentence for a person, and facts about it.

    The code is an interface: it is never renamed once released. ``facts`` holds what locates the
    fault (file, line, engine, call id); anything personal belongs under the key ``pii``, which log
    sinks drop.
    """

    def __init__(self, code: str, message: str = "", **facts: object) -> None:
        self.code = code
        self.facts = facts
        super().__init__(f"{code}: {message}" if message else code)


class ConfigError(VoicecoreError):
    """A file, field or flag that a person wrote is wrong; names the place."""


class EngineError(VoicecoreError):
    """A model or speech engine is missing, broken or late."""


class SipError(VoicecoreError):
    """The SIP endpoint or its media process could not do what was asked."""


class ToolError(VoicecoreError):
    """A back-end tool answered with an error, not at all, or out of its contract."""


class StoreError(VoicecoreError):
    """The call store could not keep or find a record."""


class AccessError(VoicecoreError):
    """Somebody is not who they say, or may not do what they ask."""


class UnexpectedEvent(VoicecoreError):
    """A state machine got an event that its table does not list for the state it is in."""

    def __init__(self, state: object, event: object) -> None:
        super().__init__("unexpected-event", f"{event!s} in state {state!s}", state=state, event=event)
