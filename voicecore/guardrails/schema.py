"""``guardrails.yaml``: what an agent must, may not and need not say, checked field by field."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from voicecore.config import Section, load_yaml, parse_yaml
from voicecore.guardrails.findings import Action
from voicecore.guardrails.words import normal

FILE = "guardrails.yaml"
InputClass = Literal[
    "self_harm",
    "emergency",
    "abuse",
    "extraction",
    "injection",
    "jailbreak",
    "advice",
    "language",
    "off_topic",
]
OutputClass = Literal["leak", "harm", "list", "advice", "promise", "amount", "disclosure"]
Score = Annotated[float, Field(ge=0, le=1)]


def _some_words(value: str) -> str:
    if not normal(value):
        raise ValueError("must have words in it")
    return value


Phrase = Annotated[str, AfterValidator(_some_words)]


class Reaction(Section):
    """What is done about one class, and from which score on."""

    action: Action
    say: str = ""
    """The approved sentence."""
    at_least: Score = 0.6

    @model_validator(mode="after")
    def _has_words(self) -> Reaction:
        if self.action in (Action.REWRITE, Action.ASK_AGAIN) and not self.say.strip():
            raise ValueError(f"{self.action.value} needs a sentence to say")
        return self


class Disclosure(Section):
    """A sentence that callers must be told."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    say: Phrase
    marks: tuple[Phrase, ...] = Field(min_length=1)
    """Phrases of which one shows that it was said."""
    flow: str | None = None
    """Compiled into this flow, as its first step, unless one of the flow's own texts has a mark."""
    before: tuple[Phrase, ...] = ()
    """Said at the latest before a sentence with one of these phrases ..."""
    first: bool = False
    """... or before anything else."""

    @model_validator(mode="after")
    def _is_due(self) -> Disclosure:
        if not (self.flow or self.before or self.first):
            raise ValueError("needs one of flow, before, first: when is it due?")
        return self


class Pressure(Section):
    """How doubtful turns of one call add up, and how fast that is forgotten."""

    limit: float = Field(1.0, gt=0)
    """Sum of scores that is an attack although no single turn was."""
    floor: Score = 0.25
    """A score below it adds nothing."""
    kept: Score = 0.75
    """What is left of the sum after a turn ..."""
    half_life_s: float = Field(120.0, gt=0)
    """... and of that after this time."""


HARM_HELP = (
    "I'm very sorry that you feel this way. I am only an automated assistant, so please talk to a person: "
    "I'll put you through. If you are in danger, please hang up and call one one two."
)
EMERGENCY_HELP = (
    "If this is an emergency, please hang up now and call one one two. I'll put you through to a person."
)
REACTIONS: Mapping[InputClass, Reaction] = {
    "self_harm": Reaction(action=Action.HAND_OFF, say=HARM_HELP, at_least=0.5),
    "emergency": Reaction(action=Action.HAND_OFF, say=EMERGENCY_HELP, at_least=0.5),
    "abuse": Reaction(action=Action.ASK_AGAIN, say="I'd like to help you. Please let us stay polite."),
    "extraction": Reaction(action=Action.ASK_AGAIN, say="I'm sorry, that is something I can't tell you."),
    "injection": Reaction(action=Action.ASK_AGAIN, say="I'm sorry, I can't do that."),
    "jailbreak": Reaction(action=Action.ASK_AGAIN, say="I'm sorry, I can't help with that."),
    "advice": Reaction(
        action=Action.ASK_AGAIN, say="I'm sorry, I can't give you advice on that. Please ask an expert."
    ),
    "language": Reaction(action=Action.ASK_AGAIN, say="I'm sorry, I only speak English.", at_least=0.5),
    "off_topic": Reaction(action=Action.ASK_AGAIN, say="I'm afraid I can't help with that.", at_least=0.6),
}
"""What callers say, the gravest class first."""
SENTENCES: Mapping[OutputClass, Reaction] = {
    "leak": Reaction(
        action=Action.REWRITE, say="I'm sorry, that is something I can't tell you.", at_least=0.7
    ),
    "harm": Reaction(action=Action.REWRITE, say="I'm sorry, I can't help with that.", at_least=0.7),
    "list": Reaction(action=Action.REWRITE, say="I'm sorry, I can't say anything about that.", at_least=0.5),
    "advice": Reaction(
        action=Action.REWRITE, say="I'm sorry, I can't give you advice on that.", at_least=0.7
    ),
    "promise": Reaction(
        action=Action.REWRITE, say="A colleague can tell you whether that is possible.", at_least=0.7
    ),
    "amount": Reaction(action=Action.REWRITE, say="I don't have that figure for certain.", at_least=0.5),
    "disclosure": Reaction(action=Action.REWRITE, say="One thing first.", at_least=0.5),
}
"""What the agent is about to say, the gravest class first."""


class Guardrails(Section):
    """``guardrails.yaml``. Every check is on unless it is in ``off``."""

    constraints: tuple[Phrase, ...] = ()
    """What the language model is told, a sentence each."""
    disclosures: tuple[Disclosure, ...] = ()
    callers: dict[InputClass, Reaction] = Field(default_factory=dict)
    """Reactions to what callers say, instead of ``REACTIONS``."""
    sentences: dict[OutputClass, Reaction] = Field(default_factory=dict)
    """Reactions to what the agent is about to say, instead of ``SENTENCES``."""
    off: tuple[InputClass | OutputClass, ...] = ()
    phrases: dict[InputClass, tuple[Phrase, ...]] = Field(default_factory=dict)
    """More phrases that tell a class wherever a caller says them."""
    examples: dict[InputClass, tuple[Phrase, ...]] = Field(default_factory=dict)
    """Sentences whose like, by embedding, are of a class."""
    competitors: tuple[Phrase, ...] = ()
    profanity: tuple[Phrase, ...] = ()
    """More words that the agent never says."""
    harmless: tuple[Phrase, ...] = ()
    """Sentences of callers that are always allowed."""
    pressure: Pressure = Pressure()
    patience: int = Field(3, ge=1)
    """Interventions in a call after which a person takes over."""
    hand_off: str = "I'll put you through to a colleague. One moment, please."
    """Said then."""

    def reaction(self, name: InputClass) -> Reaction | None:
        """To a class of what callers say; None when it is off."""
        return None if name in self.off else self.callers.get(name, REACTIONS[name])

    def answer(self, name: OutputClass) -> Reaction | None:
        """To a class of what the agent is about to say; None when it is off."""
        return None if name in self.off else self.sentences.get(name, SENTENCES[name])

    @cached_property
    def own_texts(self) -> tuple[str, ...]:
        """What guardrails themselves say: approved like the agent's own wordings."""
        reactions = (*map(self.reaction, REACTIONS), *map(self.answer, SENTENCES))
        said = (reaction.say for reaction in reactions if reaction is not None and reaction.say)
        return (*said, self.hand_off, *(disclosure.say for disclosure in self.disclosures))

    def instruction(self, own: str) -> str:
        """The language model's instruction with the constraints behind it."""
        return " ".join((own.strip(), *(f"{c.strip().rstrip('.')}." for c in self.constraints)))


def parse_guardrails(text: str, source: str = FILE) -> Guardrails:
    """Raises ConfigError (``yaml-syntax``, ``bad-field``) with file, line and field."""
    return parse_yaml(text, source, Guardrails)


def load_guardrails(folder: Path) -> Guardrails:
    """An agent's guardrails; the defaults where its folder has none. Raises ConfigError."""
    path = folder / FILE
    return load_yaml(path, Guardrails) if path.exists() else Guardrails()
