"""Supervises one call: judges what the caller says and every sentence before it is spoken."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from re import Pattern

from voicecore.errors import EngineError
from voicecore.guardrails.checks import INPUT, OUTPUT, InputCheck, OutputCheck
from voicecore.guardrails.checks.claims import SUPPORTED
from voicecore.guardrails.checks.classes import DOUBTS, pressed
from voicecore.guardrails.findings import Action, Cost, Finding, Verdict, combine
from voicecore.guardrails.grounds import Grounds
from voicecore.guardrails.patterns import doubts, matches
from voicecore.guardrails.schema import Guardrails
from voicecore.guardrails.turn import Heard, State
from voicecore.guardrails.words import normal, phrase_pattern
from voicecore.ports import Judge
from voicecore.types import Floats

Clock = Callable[[], float]
"""Seconds, for the cost of checks."""


@dataclass(frozen=True, slots=True)
class Layers:
    """The checks of an agent and the engines behind them; one object serves all calls."""

    rules: Guardrails
    callers: tuple[Judge, ...] = ()
    """Engines for what callers say."""
    sentences: tuple[Judge, ...] = ()
    """Engines for what the agent is about to say."""
    input: Mapping[str, InputCheck] = field(default_factory=lambda: INPUT)
    output: Mapping[str, OutputCheck] = field(default_factory=lambda: OUTPUT)


class Supervisor:
    """The guardrails of one call. Judging has no effect: a turn or sentence may be judged and thrown away."""

    def __init__(self, layers: Layers, clock: Clock, state: State | None = None) -> None:
        self.state = state or State()
        """What is remembered; replaced by ``take``."""
        self._layers = layers
        self._clock = clock
        rules = layers.rules
        self._own: dict[str, Pattern[str] | None] = {
            kind: phrase_pattern(phrases) for kind, phrases in rules.phrases.items()
        }
        self._harmless = frozenset(normal(text) for text in rules.harmless)

    async def heard(self, turn: Heard) -> Verdict:
        """What to do about what the caller said; ``take`` it once the turn is certain."""
        text = normal(turn.text)
        if not text or text in self._harmless:
            return Verdict()
        rules = self._layers.rules
        begun = self._clock()
        opinions: dict[str, Mapping[str, float]] = {
            "patterns": matches(text, self._own),
            DOUBTS: doubts(text),
        }
        costs = [Cost("patterns", (self._clock() - begun) * 1000)]
        judged, spent = await self._ask(self._layers.callers, turn.text, turn.vector, turn.before)
        opinions |= judged
        findings: list[Finding] = []
        for name, check in self._layers.input.items():
            begun = self._clock()
            findings += check(turn, opinions, self.state, rules)
            spent.append(Cost(name, (self._clock() - begun) * 1000))
        verdict = combine(findings, (*costs, *spent))
        return self._patient(verdict, pressed(turn, opinions, self.state, rules), turn.now)

    def take(self, verdict: Verdict) -> None:
        """The turn was really one: remember what it adds to the call."""
        if verdict.after is not None:
            self.state = verdict.after

    async def about_to_say(self, sentence: str, grounds: Grounds) -> Verdict:
        """What to do about a whole sentence, before its synthesis.

        Engines are asked only about what no approved text supports.
        """
        own = self._layers.rules.own_texts
        grounds = replace(grounds, approved=(*grounds.approved, *own))
        judges = () if grounds.support(sentence) >= SUPPORTED else self._layers.sentences
        opinions, costs = await self._ask(judges, sentence, None, grounds.before)
        findings: list[Finding] = []
        for name, check in self._layers.output.items():
            begun = self._clock()
            findings += check(sentence, grounds, opinions, self._layers.rules)
            costs.append(Cost(name, (self._clock() - begun) * 1000))
        return combine(findings, costs)

    def _patient(self, verdict: Verdict, pressure: Mapping[str, float], now: float) -> Verdict:
        """``verdict`` with what it leaves behind; a caller who goes on and on gets a person."""
        stopped = self.state.interventions + (verdict.action is not Action.ALLOW)
        after = State(pressure, now, stopped)
        rules = self._layers.rules
        if verdict.action not in (Action.ALLOW, Action.HAND_OFF) and stopped >= rules.patience:
            reason = f"intervention number {stopped}"
            last = Finding("patience", verdict.findings[0].kind, 1.0, reason, Action.HAND_OFF, rules.hand_off)
            verdict = combine((*verdict.findings, last), verdict.costs)
        return Verdict(verdict.action, verdict.text, verdict.findings, verdict.costs, after)

    async def _ask(
        self, judges: Sequence[Judge], text: str, vector: Floats | None, context: Sequence[str]
    ) -> tuple[dict[str, Mapping[str, float]], list[Cost]]:
        """Every engine's opinion, and what it took; one that fails has none."""
        opinions: dict[str, Mapping[str, float]] = {}
        costs = []
        for judge in judges:
            begun = self._clock()
            try:
                opinions[judge.name] = await judge.judge(text, vector, context)
            except EngineError:
                opinions[judge.name] = {}
            costs.append(Cost(judge.name, (self._clock() - begun) * 1000))
        return opinions, costs
