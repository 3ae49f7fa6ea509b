"""Holds a model to well-formed requests for the tools that are on offer, and reads what it asked for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from models.llm_llama.schema import STRING_RULES, Node, Object, literal, read_schema, written
from voicecore.errors import ConfigError, EngineError
from voicecore.types import ToolOffer, ToolRequest

OPENING = "{"
"""A reply that begins with it is a request."""
_HOW = """\
To use a tool, answer with nothing but one line of JSON: {"tool":"<name>","arguments":{...}}
Otherwise answer in plain spoken sentences. Tools:"""


class ToolGrammar:
    """Of the tools on offer in one reply: ``{"tool":"name","arguments":{...}}``, compact."""

    def __init__(self, offers: Sequence[ToolOffer]) -> None:
        """Raises ConfigError("bad-schema")."""
        self._arguments = {offer.name: _arguments(offer) for offer in offers}
        if len(self._arguments) < len(offers) or not offers:
            raise ConfigError("bad-schema", "tools need names, each its own")

    @property
    def gbnf(self) -> str:
        """Rule ``root`` and what it needs."""
        requests = (
            literal('{"tool":' + written(name) + ',"arguments":') + f' {node.gbnf()} "}}"'
            for name, node in self._arguments.items()
        )
        return f"root ::= {' | '.join(requests)}\n{STRING_RULES}"

    @property
    def longest(self) -> int:
        """No request has more tokens."""
        return max(len(written(name)) * 4 + 24 + node.longest for name, node in self._arguments.items())

    def read(self, text: str) -> ToolRequest:
        """The request in ``text``. Raises EngineError("llm-bad-request") if it breaks its offer."""
        try:
            said: dict[str, Any] = json.loads(text)
            return self.request(said["tool"], said["arguments"])
        except (ValueError, KeyError, TypeError) as exc:
            raise EngineError("llm-bad-request", "no request for a tool", pii=text) from exc

    def request(self, name: str, arguments: Any) -> ToolRequest:
        """The tool ``name`` with ``arguments``. Raises EngineError("llm-bad-request") like ``read``."""
        if name not in self._arguments:
            raise EngineError("llm-bad-request", "no tool that is on offer", pii=name)
        faults = list(self._arguments[name].faults(arguments, name))
        if faults:
            raise EngineError("llm-bad-request", f"{name}: {len(faults)} faults", tool=name, pii=faults)
        return ToolRequest(name, arguments)


def _arguments(offer: ToolOffer) -> Node:
    node = read_schema(offer.parameters, offer.name)
    if not isinstance(node, Object):
        raise ConfigError("bad-schema", f"{offer.name}: parameters must be an object", place=offer.name)
    return node


def described(offers: Sequence[ToolOffer]) -> str:
    """What the system prompt says about the tools; "" without any."""
    if not offers:
        return ""
    lines = (f"- {offer.name}: {offer.description} {written(dict(offer.parameters))}" for offer in offers)
    return "\n".join(["", "", _HOW, *lines])


@lru_cache(maxsize=64)
def _grammar(key: str) -> ToolGrammar:
    return ToolGrammar([ToolOffer(**offer) for offer in json.loads(key)])


def tool_grammar(offers: Sequence[ToolOffer]) -> ToolGrammar:
    """The grammar of ``offers``, kept from one reply to the next. Raises ConfigError("bad-schema")."""
    plain = [
        {"name": offer.name, "description": offer.description, "parameters": dict(offer.parameters)}
        for offer in offers
    ]
    return _grammar(json.dumps(plain))
