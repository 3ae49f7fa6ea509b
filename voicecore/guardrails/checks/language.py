"""Input: whether the caller speaks another language than the agent, by its commonest words."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from voicecore.guardrails.findings import Finding
from voicecore.guardrails.schema import Guardrails
from voicecore.guardrails.turn import Heard, Opinions, State
from voicecore.guardrails.words import normal

_ENGLISH = """
    the be to of and a in that have i it for not on with he as you do at this but his by from they we
    say her she or an will my one all would there their what so up out if about who get which go me
    when make can like time no just him know take people into year your good some could them see
    other than then now look only come its over think also back after use two how our work first
    well way even new want because any these give day most us is are was were am been has had did
    does please yes bill pay phone number why much more is
    """
_OTHERS = {
    "German": """
    ich du er sie wir ihr der die das ein eine einen mein meine nicht und oder mit für auf bitte mir
    mich ist sind war habe haben kann können wie viel was warum möchte noch zu von bei über sprechen
    muss
    """,
    "French": """
    je tu il elle nous vous le la les un une des mon ma mes ne pas et ou avec pour sur est suis sont ai
    avez peux pouvez combien pourquoi voudrais parler de ce que qui s'il plaît bonjour
    """,
    "Spanish": """
    yo tú él ella nosotros el la los las un una mi mis no y o con para por qué es son está tengo puede
    puedo cuánto quiero hablar de que hola en español favor
    """,
    "Italian": """
    io tu lui lei noi il lo la gli le un una mio mia non e o con per su è sono ho posso può quanto
    perché vorrei parlare di che mia
    """,
    "Dutch": """
    ik jij hij zij wij de het een mijn niet en of met voor op is zijn heb kan hoeveel waarom wil graag
    spreken van dat weten alstublieft
    """,
    "Portuguese": """
    eu ele ela nós o a os as um uma meu minha não e ou com para por é são tenho pode posso quanto quero
    falar de que olá conta
    """,
    "Polish": """
    ja ty on ona my nie i lub z dla na jest są mam mogę ile dlaczego chcę rozmawiać o że dzień dobry
    moją mój proszę
    """,
    "Turkish": """
    ben sen o biz bir benim ve veya ile için değil var yok mı mi ne kadar neden istiyorum konuşmak bu
    merhaba lütfen
    """,
}
WORDS = MappingProxyType(
    {"English": frozenset(_ENGLISH.split())} | {k: frozenset(v.split()) for k, v in _OTHERS.items()}
)
"""Language -> words that are common in it."""
FEWEST = 3
"""Words of a turn that can tell a language; a name or a number is none."""


def language(turn: Heard, opinions: Opinions, state: State, rules: Guardrails) -> Iterator[Finding]:  # noqa: ARG001
    """A turn of which more words are common in another language than in English."""
    reaction = rules.reaction("language")
    words = normal(turn.text).split()
    if reaction is None or len(words) < FEWEST:
        return
    shares = {name: sum(word in known for word in words) / len(words) for name, known in WORDS.items()}
    other = max((name for name in WORDS if name != "English"), key=lambda name: shares[name])
    score = shares[other] - shares["English"] + 0.3
    if score >= reaction.at_least:
        reason = f"rather {other} than English"
        yield Finding("language", "language", min(score, 1.0), reason, reaction.action, reaction.say)
