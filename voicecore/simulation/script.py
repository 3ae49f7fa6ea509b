"""A caller's script: who calls, what they know, what they say and when, as a designer writes it in YAML.

Example::

    facts: {customer_number: "271838", day: "{today+14}"}
    lines:
      - say: I don't understand a charge on my bill    # no `when`: the story, in this order
        expect: these are the charges                  # said again as long as that doesn't come
      - say: no, thank you
      - when: customer number                          # a rule: before the story, whenever it fits
        say: "{customer_number}"
        again: "my number is {customer_number}"        # the wording from the second time on
      - when: is that right
        check: customer_number                         # "yes" only if the agent read back our number
        say: "yes"
        if_wrong: "no"
      - when: didn't catch that
        repeat: true

Dates: ``{today+14}`` becomes that day as the agent would say it, ``{today+14:keys}`` four keys for it,
``{today+14:iso}`` the form that the back-end keeps.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from string import Formatter
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator, model_validator

from voicecore.config import Section, parse_yaml
from voicecore.dialogue import spoken
from voicecore.errors import ConfigError
from voicecore.simulation.words import spell_digits


def _as_words(value: Any) -> Any:
    """YAML reads a bare yes or no as true or false; a caller means the word."""
    if isinstance(value, bool):
        return ("yes" if value else "no",)
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list):
        return tuple(item for part in value for item in _as_words(part))
    return value


def _as_tuple(value: Any) -> Any:
    """One wording or several. A bare number is refused: YAML would drop its leading zeros."""
    if isinstance(value, int | float):
        raise ValueError(f'put it in quotes: "{value}"')
    return (value,) if isinstance(value, str) else value


Pieces = Annotated[tuple[str, ...], BeforeValidator(_as_words)]
"""What is said in one go; several pieces have ``pause_ms`` of silence between them."""
Files = Annotated[tuple[Path, ...], BeforeValidator(_as_tuple)]
Names = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]


_DATE = re.compile(r"\{today\+(\d{1,4})(?::(keys|iso))?\}")


class Line(Section):
    """One thing the caller may do, and when.

    Lines without ``when``, ``at`` or ``interrupt`` are the story: each waits until the agent has finished
    and takes its turn in the order of the file. A rule (``when``) comes before them, up to ``times`` times.
    """

    when: str | None = None
    """Regular expression, any case, on what the agent has said since the caller last spoke."""
    at: float | None = Field(None, ge=0)
    """Seconds after the call was answered, whoever is speaking."""
    interrupt: int | None = Field(None, ge=0)
    """Speak over the agent once it has been speaking for this many milliseconds."""
    delay_ms: int | None = Field(None, ge=0, le=60_000)
    """Time to react after the agent has finished; default: the script's ``delay_ms``."""
    say: Pieces = ()
    again: Pieces = ()
    """Other words for the second time and later, as people change them when not understood."""
    repeat: bool = False
    """Say (or press) again what was last said, in its other words if it has some."""
    wav: Files = ()
    """Recordings instead of ``say``: .wav (16 bit) or .g722; several are pieces of one line."""
    text: str = ""
    """The words in ``wav``, to compare with what was recognised."""
    dtmf: str = ""
    """Digits to press (after ``say``); ``"{fact}#"`` works too."""
    hangup: bool = False
    """End the call (after ``say`` and ``dtmf``)."""
    check: Names = ()
    """Facts that the agent must just have stated; else the rule does not fit ..."""
    if_wrong: Pieces = ()
    """... unless this is what to say then."""
    expect: str | None = None
    """Story only: what the agent says once it has understood; until then the line is said again."""
    times: int = Field(3, ge=1, le=100)

    @field_validator("when", "expect")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as exc:
            raise ValueError(f"not a regular expression: {exc}") from exc
        return pattern

    @model_validator(mode="after")
    def _makes_sense(self) -> Line:
        if not (self.say or self.wav or self.dtmf or self.hangup or self.repeat):
            raise ValueError("a line needs one of say, wav, dtmf, repeat, hangup")
        if self.repeat and (self.say or self.wav or self.dtmf):
            raise ValueError("repeat stands for say, wav and dtmf: leave them out")
        if (self.check or self.repeat) and self.when is None:
            raise ValueError("check and repeat need when")
        if self.expect is not None and not self.is_story:
            raise ValueError("expect is for lines without when, at and interrupt")
        if self.say and self.wav:
            raise ValueError("say and wav are two ways to speak: use one")
        if self.at is not None and (self.when or self.interrupt is not None):
            raise ValueError("at stands alone: leave out when and interrupt")
        if self.if_wrong and not self.check:
            raise ValueError("if_wrong needs check")
        return self

    @cached_property
    def pattern(self) -> re.Pattern[str] | None:
        """``when``, compiled."""
        return re.compile(self.when, re.IGNORECASE) if self.when is not None else None

    @property
    def is_story(self) -> bool:
        """Whether this line waits for its turn."""
        return self.when is None and self.at is None and self.interrupt is None


class Script(Section):
    """A whole caller. ``facts`` is what this person knows; ``{name}`` in a line says it."""

    name: str = "caller"
    about: str = ""
    voice: str = "en-us"
    """Voice of the speech engine."""
    speed: int = Field(150, ge=80, le=300)
    """Words per minute."""
    errand: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """What must have been done in the back-end afterwards: tool and (some of) its arguments."""
    facts: dict[str, Names] = Field(default_factory=dict)
    """Several wordings: the first is said, any of them counts when the agent reads it back."""
    lines: tuple[Line, ...] = Field(min_length=1)
    delay_ms: int = Field(300, ge=0, le=10_000)
    pause_ms: int = Field(300, ge=0, le=5_000)
    """Silence between the pieces of a line."""
    patience_s: float = Field(20, gt=0)
    """Hang up after so long a silence on both sides."""
    max_seconds: float = Field(180, gt=0, le=3_600)

    @model_validator(mode="after")
    def _facts_are_known(self) -> Script:
        for number, line in enumerate(self.lines, 1):
            used = {
                name or "{}"
                for piece in (*line.say, *line.again, *line.if_wrong, line.dtmf)
                for _, name, _, _ in Formatter().parse(piece)
                if name is not None
            }
            unknown = sorted((used | set(line.check)) - self.facts.keys())
            if unknown:
                known = ", ".join(sorted(self.facts)) or "none"
                raise ValueError(f"line {number} uses unknown fact {', '.join(unknown)} (known: {known})")
            if not re.fullmatch(r"[0-9*#A-D]*", self.keys(line)):
                raise ValueError(f"line {number}: dtmf may hold 0-9 * # A-D only")
        return self

    def keys(self, line: Line) -> str:
        """The keys that ``line`` presses."""
        return line.dtmf.format_map({name: wordings[0] for name, wordings in self.facts.items()})

    def wording(self, pieces: Pieces) -> Pieces:
        """``pieces`` with the facts filled in; a fact of digits is said digit by digit."""
        said = {name: spell_digits(f[0]) if f[0].isdigit() else f[0] for name, f in self.facts.items()}
        return tuple(piece.format_map(said) for piece in pieces)


def load_script(path: Path, today: date | None = None) -> Script:
    """The script in ``path``, for a call on ``today``; recordings lie relative to it. Raises ConfigError."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as exc:
        raise ConfigError("no-such-file", f"{path}: {exc.strerror}", file=str(path)) from exc
    script = parse_yaml(with_dates(text, today or date.today()), str(path), Script)
    lines = tuple(
        line.model_copy(update={"wav": tuple(path.parent / wav for wav in line.wav)}) for line in script.lines
    )
    name = script.name if "name" in script.model_fields_set else path.stem
    return script.model_copy(update={"lines": lines, "name": name})


def with_dates(text: str, today: date) -> str:
    """``text`` with the days in it written out; keys are two for the day and two for the month."""

    def worded(match: re.Match[str]) -> str:
        day = today + timedelta(int(match[1]))
        return {None: spoken.day(day), "keys": f"{day:%d%m}", "iso": day.isoformat()}[match[2]]

    return _DATE.sub(worded, text)
