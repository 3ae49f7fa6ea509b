"""Output: what callers must be told before other things are said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from voicecore.guardrails.findings import Finding
from voicecore.guardrails.grounds import Grounds
from voicecore.guardrails.schema import Disclosure, Guardrails
from voicecore.guardrails.turn import Opinions
from voicecore.guardrails.words import normal, phrase_pattern


def disclosures(sentence: str, grounds: Grounds, opinions: Opinions, rules: Guardrails) -> Iterator[Finding]:  # noqa: ARG001
    """A disclosure that is due with this sentence and was not said: it is put in front."""
    reaction = rules.answer("disclosure")
    if reaction is None:
        return
    for disclosure in rules.disclosures:
        if is_due(disclosure, sentence) and not is_said(disclosure, (*grounds.before, sentence)):
            text = f"{disclosure.say.strip()} {sentence}"
            yield Finding("disclosures", "disclosure", 1.0, f"{disclosure.id} is due", reaction.action, text)


def is_due(disclosure: Disclosure, sentence: str) -> bool:
    """Whether it must have been said once ``sentence`` is."""
    pattern = phrase_pattern(disclosure.before)
    return disclosure.first or bool(pattern and pattern.search(normal(sentence)))


def is_said(disclosure: Disclosure, texts: Sequence[str]) -> bool:
    """Whether one of ``texts`` has one of its marks."""
    pattern = phrase_pattern(disclosure.marks)
    return pattern is not None and any(pattern.search(normal(text)) for text in texts)
