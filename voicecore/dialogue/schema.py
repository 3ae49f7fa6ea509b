"""The YAML of an agent: one class per thing a person may write, checked field by field."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from voicecore.config import Section
from voicecore.dialogue.manners import Manners, Wordings


def _plain(value: str) -> str:
    words = value.lower().replace(",", " ").replace("?", " ").replace(".", " ").split()
    if not all(word.replace("'", "").replace("-", "").isalpha() for word in words) or not words:
        raise ValueError("must be plain words (no digits or signs), as a recogniser writes them")
    return " ".join(words)


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
"""An identifier: lower-case letters, digits and underscores."""
Path = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$")]
"""A value of the call: ``slot`` or ``result.field``."""
Spoken = Annotated[str, AfterValidator(_plain)]
"""What a caller may say, in plain lower-case words."""
Type = Literal[
    "string", "integer", "number", "boolean", "date", "list", "string?", "integer?", "number?", "boolean?",
    "date?", "list?",
]  # fmt: skip


class Voice(Section):
    """How the agent sounds; the speech engine takes what it knows."""

    name: str = "en-gb"
    """A language, or a voice that the engine knows."""
    by_engine: dict[str, str] = Field(default_factory=dict)
    """What to ask for instead of ``name``, by the engine's name: {"kokoro": "bf_emma"}."""
    words_per_minute: int = Field(default=165, ge=80, le=300)
    """165 is the own pace of a neural voice."""
    pitch: int = Field(default=50, ge=0, le=99)
    """50 is the voice's own."""

    def called(self, engine: str) -> str:
        """The voice to ask ``engine`` for."""
        return self.by_engine.get(engine, self.name)


class Handoff(Section):
    """Where a caller goes who needs a person."""

    target: str
    """SIP URI."""
    say: Wordings = ("I'll put you through to a colleague. One moment, please.",)


class Confidence(Section):
    """Recogniser confidence, 0..1, and what the agent makes of it."""

    sure: float = Field(default=0.7, ge=0, le=1)
    """From here on an answer is taken and only echoed; below it the agent checks."""
    weak: float = Field(default=0.3, ge=0, le=1)
    """Below this a word does not count as heard, and leaving the call is checked first."""


class Patience(Section):
    """How often the agent tries before it changes its way."""

    keypad_after: int = Field(default=2, ge=1)
    """Misses in a row after which the keypad is offered."""
    handoff_after: int = Field(default=3, ge=1)
    silences: int = Field(default=3, ge=1)
    """Unanswered questions in a row after which the call ends."""


class Understanding(Section):
    """Cosine similarity, 0..1, that an intent needs."""

    accept: float = Field(default=0.5, ge=0, le=1)
    words: float = Field(default=0.45, ge=0, le=1)
    """The same where there are no embeddings and only words are compared."""
    margin: float = Field(default=0.06, ge=0, le=1)
    """Lead over the next intent; with less the agent asks which one was meant."""
    passage: float = Field(default=0.55, ge=0, le=1)
    """What a knowledge passage needs to be offered as an answer without an intent."""


class Persona(Section):
    """``agent.yaml``: who answers, and how."""

    name: str
    language: Literal["en"] = "en"
    currency: Literal["euro", "pound", "dollar"] = "euro"
    voice: Voice = Voice()
    start: Name
    """The flow that a call begins with."""
    handoff: Handoff
    confidence: Confidence = Confidence()
    patience: Patience = Patience()
    understanding: Understanding = Understanding()
    instruction: str = "Answer in one or two short spoken sentences, only from the passages."
    """How free text is to be worded."""
    commands: dict[
        Literal["operator", "goodbye", "repeat", "back", "cancel", "help", "wait"], tuple[Spoken, ...]
    ] = Field(default_factory=dict)
    """More ways to say what a caller may always say."""
    manners: Manners = Manners()


class Intent(Section):
    """What a caller may want; leads to a flow or to an answer from a knowledge file."""

    label: Spoken
    """How the agent calls it: "do you want to <label>"."""
    examples: tuple[Spoken, ...] = Field(min_length=3)
    cues: tuple[Spoken, ...] = ()
    """Short phrases that tell the intent wherever they occur."""
    anytime: tuple[Spoken, ...] = ()
    """Phrases worth recognising in the middle of other flows."""
    flow: Name | None = None
    answer: str | None = None
    """The knowledge file it is answered from, without ".md"."""
    slots: tuple[Name, ...] = ()
    """Slots that the same sentence may fill."""

    @model_validator(mode="after")
    def _one_way(self) -> Intent:
        if (self.flow is None) == (self.answer is None):
            raise ValueError("needs exactly one of flow, answer")
        return self


class Intents(Section):
    """``intents.yaml``."""

    intents: dict[Name, Intent]


class Choice(Section):
    """One answer of a choice slot."""

    value: Name
    say: str
    """How the agent reads it."""
    accepts: tuple[Spoken, ...] = Field(min_length=1)


class Slot(Section):
    """One thing to learn from the caller."""

    kind: Literal["digits", "number", "amount", "date", "yesno", "choice", "spelled", "open"]
    label: str
    """How the agent calls it: "the first payment date"."""
    names: tuple[Spoken, ...] = ()
    """How callers call it, without an article, to change it later ("date")."""
    prompt: Wordings
    again: Wordings | None = None
    """Shorter wordings for asking once more."""
    reprompts: tuple[str, ...] = ()
    """What to say after the first, second ... miss, instead of the agent's manners."""
    invalid: Wordings | None = None
    """For a value outside its bounds; templates may use {value}."""
    ack: Wordings | None = None
    """Echo of an answer that was taken, e.g. "{value}, thank you."; none says nothing."""
    confirm: Literal["auto", "always", "never"] = "auto"
    """auto: explicitly only when the recogniser was unsure."""
    digits: tuple[int, int] | None = None
    """Fewest and most digits of a digits slot."""
    groups: tuple[int, ...] = ()
    """How its digits are read out: [3, 3]."""
    minimum: int | None = None
    """Of a number, or of an amount in cents."""
    maximum: int | None = None
    within_days: int | None = Field(default=None, ge=0)
    """Latest date, counted from today; the earliest is today."""
    unit: Spoken | None = None
    """What a number counts: "payments"."""
    choices: tuple[Choice, ...] = ()

    @model_validator(mode="after")
    def _fits_kind(self) -> Slot:
        if (self.kind == "choice") != bool(self.choices):
            raise ValueError("choices are needed by a choice slot, and by no other")
        if (self.kind == "digits") != (self.digits is not None):
            raise ValueError("digits: [fewest, most] is needed by a digits slot, and by no other")
        if self.digits is not None and not 1 <= self.digits[0] <= self.digits[1] <= 32:
            raise ValueError("digits must be [fewest, most] with 1 <= fewest <= most <= 32")
        if self.kind == "number" and (self.minimum is None or self.maximum is None):
            raise ValueError("a number slot needs minimum and maximum")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError("minimum is above maximum")
        return self


class Slots(Section):
    """``slots.yaml``."""

    slots: dict[Name, Slot]


class Undo(Section):
    """The call that takes another one back."""

    tool: Name
    arguments: dict[Name, Annotated[str, Field(pattern=r"^(arguments|result)\.[a-z][a-z0-9_]*$")]] = Field(
        default_factory=dict
    )
    """Each argument's source: ``arguments.x`` or ``result.y`` of the call that is taken back."""
    done: Name | None = None
    """The boolean in the undo's answer that says that it was taken back; without it any answer does."""


class Tool(Section):
    """One call the back-end offers; see the comment at the top of the example's ``tools.yaml``."""

    method: Literal["GET", "POST", "PUT", "DELETE"] = "GET"
    path: str = Field(pattern=r"^/")
    read_only: bool = True
    timeout_ms: int = Field(default=2000, ge=100, le=30_000)
    retries: int = Field(default=1, ge=0, le=3)
    arguments: dict[Name, Type] = Field(default_factory=dict)
    returns: dict[Name, Type] = Field(default_factory=dict)
    fails: Wordings
    """What the agent says when the tool failed for good."""
    undo: Undo | None = None
    """How an effect of this tool can be taken back by a person."""


class Tools(Section):
    """``tools.yaml``."""

    base_url: str
    tools: dict[Name, Tool]


class Lexicon(Section):
    """``lexicon.yaml``: how to pronounce what the speech engine would get wrong."""

    words: dict[str, str] = Field(default_factory=dict)


class Bound(Section):
    """A range for a number in a branch."""

    above: float | None = None
    below: float | None = None


class _Step(Section):
    id: Name | None = None
    """A label for goto."""


class Say(_Step):
    """Say something; with ``each``, one sentence per item of a list result (``{item.field}``)."""

    say: Wordings
    each: Path | None = None


class Ask(_Step):
    """Get a slot from the caller, unless it is known already; ``also`` may come in the same breath."""

    ask: Name
    also: tuple[Name, ...] = ()


class Route(_Step):
    """Ask what the caller wants, and do it; ends when they want nothing more."""

    route: Wordings
    more: Wordings
    """How to ask once something was done."""
    menu: tuple[Name, ...] = ()
    """Intents offered when the caller does not know what to say, in keypad order."""


class Confirm(_Step):
    """Read back and wait for an explicit yes; ``slots`` can be changed here."""

    confirm: Wordings
    slots: tuple[Name, ...] = ()
    declined: Name
    """Label to go to after a no."""


class Call(_Step):
    """Call a tool; one that changes something must follow a confirm step."""

    call: Name
    arguments: dict[Name, Path] = Field(default_factory=dict)
    save: Name
    wait: Wordings | None = None
    """Said before a call that takes a moment."""
    failed: Name | None = None
    """Label to go to when it failed for good; without it a person takes over."""


class Case(Section):
    """One way out of a branch: all conditions must hold."""

    when: dict[Path, bool | int | str | Bound] = Field(min_length=1)
    goto: Name


class Branch(_Step):
    """Go to the label of the first case that holds."""

    branch: tuple[Case, ...] = Field(min_length=1)
    otherwise: Name | None = None


class Goto(_Step):
    """Go to a label ("done" is the flow's end); ``at_most`` times, then to ``otherwise``.

    ``clear`` forgets slots first.
    """

    goto: Name
    clear: tuple[Name, ...] = ()
    at_most: int | None = Field(default=None, ge=1)
    otherwise: Name | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Goto:
        if (self.at_most is None) != (self.otherwise is None):
            raise ValueError("at_most and otherwise belong together")
        return self


class Run(_Step):
    """Run another flow, then go on here; ``unless`` names a value that makes it unnecessary."""

    run: Name
    unless: Path | None = None


class Answer(_Step):
    """Answer the caller's last question from a knowledge file."""

    answer: str


class HandOver(_Step):
    """Put the caller through to a person; ``handoff`` is said first."""

    handoff: Wordings


class End(_Step):
    """Say goodbye and hang up."""

    end: Wordings


_VERBS = ("say", "ask", "route", "confirm", "call", "branch", "goto", "run", "answer", "handoff", "end")


def _verb(step: Any) -> str | None:
    if not isinstance(step, dict):
        return None
    verbs = [verb for verb in _VERBS if verb in step]
    return f"({verbs[0]})" if len(verbs) == 1 else None


Step = Annotated[
    Annotated[Say, Tag("(say)")]
    | Annotated[Ask, Tag("(ask)")]
    | Annotated[Route, Tag("(route)")]
    | Annotated[Confirm, Tag("(confirm)")]
    | Annotated[Call, Tag("(call)")]
    | Annotated[Branch, Tag("(branch)")]
    | Annotated[Goto, Tag("(goto)")]
    | Annotated[Run, Tag("(run)")]
    | Annotated[Answer, Tag("(answer)")]
    | Annotated[HandOver, Tag("(handoff)")]
    | Annotated[End, Tag("(end)")],
    Discriminator(
        _verb,
        custom_error_type="step",
        custom_error_message=f"a step needs exactly one of {', '.join(_VERBS)}",
    ),
]


class Flow(Section):
    """A file in ``flows/``: steps in order."""

    title: str
    """How the agent calls it: "your payment plan"."""
    resume: Wordings | None = None
    """Said when the flow goes on after something else."""
    steps: tuple[Step, ...] = Field(min_length=1)
