"""Reads knowledge files: short answers under the questions that callers ask."""

from __future__ import annotations

from dataclasses import dataclass

from voicecore.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Passage:
    """One answer, speakable as it stands; ``questions`` are ways to ask for it."""

    topic: str
    questions: tuple[str, ...]
    text: str


def parse_knowledge(text: str, source: str, topic: str) -> tuple[Passage, ...]:
    """Read Markdown: each ``## question`` heading (several in a row share the answer) and its text.

    Raises ConfigError("bad-knowledge") with file and line: text before the first question, a
    question without an answer, or a file without any.
    """
    passages: list[Passage] = []
    questions: list[tuple[str, int]] = []
    answer: list[str] = []

    def close() -> None:
        if questions and not answer:
            raise _fault(source, questions[-1][1], "this question has no answer")
        if questions:
            passages.append(Passage(topic, tuple(q for q, _ in questions), " ".join(answer)))
            questions.clear()
            answer.clear()

    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if line.startswith("## "):
            if answer:
                close()
            questions.append((line[3:].strip(), number))
        elif line and not line.startswith("# "):
            if not questions:
                raise _fault(source, number, "text before the first question (## ...)")
            answer.append(line)
    close()
    if not passages:
        raise _fault(source, 1, "no questions (## ...) in this file")
    return tuple(passages)


def _fault(source: str, line: int, what: str) -> ConfigError:
    return ConfigError("bad-knowledge", f"{source}:{line}: {what}", file=source, line=line, field="##")
