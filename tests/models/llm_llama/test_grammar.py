from __future__ import annotations

import pytest

from models.llm_llama.grammar import ToolGrammar, described, tool_grammar
from voicecore.errors import ConfigError, EngineError
from voicecore.types import ToolOffer, ToolRequest

BOOK = ToolOffer(
    "book", "Books a day.", {"type": "object", "properties": {"day": {"enum": ["mon"]}}, "required": ["day"]}
)
CANCEL = ToolOffer("cancel", "Cancels.", {"type": "object", "properties": {}})


def test_a_request_is_read():
    text = '{"tool":"book","arguments":{"day":"mon"}}'
    grammar = ToolGrammar([BOOK, CANCEL])
    assert grammar.read(text) == ToolRequest("book", {"day": "mon"})
    assert len(text) <= grammar.longest


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "7",
        '{"tool":"sell","arguments":{}}',
        '{"tool":"book"}',
        '{"tool":"book","arguments":{"day":"tue"}}',
        '{"tool":["book"],"arguments":{}}',
    ],
)
def test_what_breaks_its_offer_is_refused(text):
    with pytest.raises(EngineError, match="llm-bad-request"):
        ToolGrammar([BOOK, CANCEL]).read(text)


def test_there_is_a_rule_for_every_tool():
    first = ToolGrammar([BOOK, CANCEL]).gbnf.splitlines()[0]
    assert first.startswith("root ::= ")
    assert r'"{\"tool\":\"book\",\"arguments\":"' in first
    assert r'"{\"tool\":\"cancel\",\"arguments\":" "{"  "}" "}"' in first


@pytest.mark.parametrize(
    "offers", [[], [BOOK, BOOK], [ToolOffer("x", "", {"type": "string"})], [ToolOffer("x", "", {})]]
)
def test_senseless_offers(offers):
    with pytest.raises(ConfigError, match="bad-schema"):
        ToolGrammar(offers)


def test_a_grammar_is_made_once():
    assert tool_grammar([BOOK]) is tool_grammar(
        [ToolOffer(BOOK.name, BOOK.description, dict(BOOK.parameters))]
    )
    assert tool_grammar([BOOK]) is not tool_grammar([BOOK, CANCEL])


def test_the_model_is_told():
    assert described([]) == ""
    text = described([BOOK, CANCEL])
    assert "- book: Books a day." in text
    assert "- cancel: Cancels." in text
