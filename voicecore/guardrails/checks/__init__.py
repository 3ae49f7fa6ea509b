"""The checks of the guardrails, a file each; a new one is entered in ``INPUT`` or ``OUTPUT``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from voicecore.guardrails.checks.claims import claims
from voicecore.guardrails.checks.classes import classes, pressure
from voicecore.guardrails.checks.disclosures import disclosures
from voicecore.guardrails.checks.figures import figures
from voicecore.guardrails.checks.language import language
from voicecore.guardrails.checks.leaks import leaks
from voicecore.guardrails.checks.lists import lists
from voicecore.guardrails.findings import Finding
from voicecore.guardrails.grounds import Grounds
from voicecore.guardrails.schema import Guardrails
from voicecore.guardrails.turn import Heard, Opinions, State

InputCheck = Callable[[Heard, Opinions, State, Guardrails], Iterable[Finding]]
OutputCheck = Callable[[str, Grounds, Opinions, Guardrails], Iterable[Finding]]

INPUT: Mapping[str, InputCheck] = MappingProxyType(
    {"classes": classes, "pressure": pressure, "language": language}
)
"""What callers say; the gravest first."""
OUTPUT: Mapping[str, OutputCheck] = MappingProxyType(
    {
        "leaks": leaks,
        "claims": claims,
        "lists": lists,
        "figures": figures,
        "disclosures": disclosures,
    }
)
"""What the agent is about to say; the gravest first."""
