"""The formulas that are proved about are what the engines compute: CEL's own, and JSON Schema's."""

from typing import Any

import cel
import pytest
import z3
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from voicecore.policy.expressions import INT_MAX, INT_MIN, parse
from voicecore.policy.kinds import expect
from voicecore.policy.proof.asked import python
from voicecore.policy.proof.symbols import Symbols, Translator, constant, holds
from voicecore.policy.schema import Kind

KINDS: dict[str, Kind] = {
    "i": "integer",
    "j": "integer",
    "n": "number",
    "s": "string",
    "t": "string",
    "b": "boolean",
}
INTS = st.sampled_from([0, 1, -1, 2, 3, -7, 10, INT_MAX, INT_MIN, INT_MAX - 1]) | st.integers(
    INT_MIN, INT_MAX
)
NUMBERS = st.sampled_from([0.0, 0.5, -1.5, 1e300]) | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.sampled_from(["", "a", "ab", "b", "é", "\U0001f600", "0"]) | st.text(
    st.characters(max_codepoint=0x2FFFF, exclude_categories=["Cs"]), max_size=3
)
VALUES = st.fixed_dictionaries(
    {"i": INTS, "j": INTS, "n": NUMBERS, "s": TEXTS, "t": TEXTS, "b": st.booleans()}
)


def integers(depth: int) -> st.SearchStrategy[str]:
    plain = st.sampled_from(["i", "j", "0", "1", "-1", "2", "-3", "9223372036854775807"])
    if depth == 0:
        return plain
    inner = integers(depth - 1)
    two = st.tuples(inner, st.sampled_from("+-*/%"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})")
    choice = st.tuples(booleans(depth - 1), inner, inner).map(lambda t: f"({t[0]} ? {t[1]} : {t[2]})")
    return plain | two | choice | inner.map(lambda x: f"(-({x}))")


def booleans(depth: int) -> st.SearchStrategy[str]:
    plain = st.sampled_from(
        ["b", "true", "(n < 0.5)", "(n == 0.5)", "(s < t)", "(s == 'a')", "(s in ['a', t])"]
    )
    texts = st.sampled_from(["s.startsWith(t)", "s.endsWith('b')", "s.contains(t)", "(s >= 'é')"])
    if depth == 0:
        return plain | texts
    inner = booleans(depth - 1)
    numbers = integers(depth - 1)
    comparison = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
    two = st.tuples(numbers, comparison, numbers).map(lambda t: f"({t[0]} {t[1]} {t[2]})")
    logic = st.tuples(inner, st.sampled_from(["&&", "||", "==", "!="]), inner)
    among = st.tuples(numbers, numbers, numbers).map(lambda t: f"({t[0]} in [{t[1]}, {t[2]}])")
    return (
        plain
        | texts
        | two
        | among
        | logic.map(lambda t: f"({t[0]} {t[1]} {t[2]})")
        | inner.map("!({})".format)
    )


def engine(text: str, values: dict[str, Any]) -> Any:
    try:
        return cel.compile(text).execute(values)
    except Exception:
        return None


def simple(term: Any) -> Any:
    """One pass leaves some comparisons of texts half done."""
    return z3.simplify(z3.simplify(term))


def formula(text: str, kind: Kind, values: dict[str, Any]) -> Any:
    """The formula's value with the inputs put in; None where it has none."""
    symbols = Symbols()
    node = parse(text)
    expect(node, kind, KINDS)
    term = Translator(symbols, KINDS, "").term(node)
    assert not symbols.unknown
    known = [(symbol, constant(values[path])) for (path, _), symbol in symbols.inputs.items()]
    ok, value = (simple(z3.substitute(part, *known)) for part in (term.ok, term.value))
    assert z3.is_true(ok) or z3.is_false(ok)
    return python(value) if z3.is_true(ok) else None


@given(booleans(2), VALUES)
def test_conditions_are_translated_exactly(text: str, values: dict[str, Any]) -> None:
    assert formula(text, "boolean", values) is engine(text, values)


@given(integers(3), VALUES)
def test_amounts_are_translated_exactly(text: str, values: dict[str, Any]) -> None:
    assert formula(text, "integer", values) == engine(text, values)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("s.matches('^a')", "matches()"),
        ("size(s) == 2", "size()"),
        ("n + 1.0 < 3.0", "arithmetic on numbers"),
        ("double(i) < n", "double()"),
        ("s == '\U00030000'", "a rare character"),
    ],
)
def test_what_is_not_translated_may_be_true_and_false(text: str, what: str) -> None:
    symbols = Symbols()
    term = Translator(symbols, KINDS, "").term(parse(text))
    assert set(symbols.unknown.values()) == {what}
    for wanted in (term.value, z3.Not(term.value)):
        solver = z3.Solver()
        solver.add(term.ok, wanted)
        assert solver.check() == z3.sat
    again = Translator(symbols, KINDS, "other").term(parse(text))
    solver = z3.Solver()
    solver.add(term.value != again.value)
    assert solver.check() == z3.unsat


NUMERIC = st.integers(-5, 5) | st.sampled_from([0.5, 2.0, -1.5])
ANY = NUMERIC | st.booleans() | st.sampled_from(["", "a", "ab"])
LEAVES = st.one_of(
    st.tuples(st.sampled_from(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]), NUMERIC),
    st.tuples(st.just("enum"), st.lists(ANY, min_size=1, max_size=4)),
    st.tuples(st.just("const"), ANY),
    st.tuples(st.just("type"), st.sampled_from(["integer", "number", "string", "boolean", "array"])),
    st.tuples(st.sampled_from(["minLength", "maxLength"]), st.integers(0, 3)),
    st.tuples(st.just("multipleOf"), st.integers(1, 4)),
)
LEAF = st.lists(LEAVES, max_size=2).map(dict)
SCHEMAS = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["anyOf", "allOf", "oneOf"]), st.lists(inner, min_size=1, max_size=3)),
        st.tuples(st.just("not"), inner),
    ).map(lambda item: dict([item])),
    max_leaves=4,
)


@given(SCHEMAS, st.integers(-6, 6) | st.booleans() | st.sampled_from(["", "a", "é", "abc"]))
def test_schemas_are_translated_exactly(schema: dict[str, Any], value: Any) -> None:
    kind: Kind = {bool: "boolean", int: "integer", str: "string"}[type(value)]  # type: ignore[assignment]
    symbols = Symbols()
    found = holds(symbols, "x", kind, schema)
    assert not symbols.unknown
    found = simple(z3.substitute(found, (symbols.input("x", kind), constant(value))))
    assert z3.is_true(found) == Draft202012Validator(schema).is_valid(value)


def test_patterns_are_left_open() -> None:
    symbols = Symbols()
    holds(symbols, "args.x", "string", {"pattern": "^a"})
    assert set(symbols.unknown.values()) == {"pattern in the schema of args.x"}


@given(TEXTS | st.sampled_from(["\\u0041", "\\", "a\\u{62}"]))
def test_texts_survive_z3(text: str) -> None:
    solver, symbol = z3.Solver(), z3.String("x")
    solver.add(symbol == constant(text))
    assert solver.check() == z3.sat
    assert python(solver.model().eval(symbol)) == text
