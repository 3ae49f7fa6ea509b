"""CEL as a tree: what is read, what is refused, and that the engine reads it the same way."""

import cel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecore.policy.expressions import Binary, Call, Choice, Literal, Member, Path, Unary, parse, paths


def test_operators_bind_as_in_cel() -> None:
    assert parse("a + 1 * -2 <= 5 && !b.c || d") == Binary(
        "||",
        Binary(
            "&&",
            Binary("<=", Binary("+", Path("a"), Binary("*", Literal(1), Literal(-2))), Literal(5)),
            Unary("!", Path("b.c")),
        ),
        Path("d"),
    )
    assert parse("1 - 2 - 3") == Binary("-", Binary("-", Literal(1), Literal(2)), Literal(3))


def test_choices_lists_and_functions() -> None:
    assert parse("a ? 1 : b ? 2 : 3") == Choice(
        Path("a"), Literal(1), Choice(Path("b"), Literal(2), Literal(3))
    )
    assert parse("x in ['a', \"b\"]") == Member(Path("x"), (Literal("a"), Literal("b")))
    assert parse("x.y.startsWith('0')") == Call("startsWith", (Path("x.y"), Literal("0")))
    assert parse("size(x)") == parse("x.size()") == Call("size", (Path("x"),))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0x1F", 31),
        ("1.5", 1.5),
        ("-2e3", -2000.0),
        ("true", True),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
    ],
)
def test_literals(text: str, value: object) -> None:
    assert parse(text) == Literal(value)  # type: ignore[arg-type]
    assert cel.compile(text).execute({}) == value


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "ends too early"),
        ("a b", "'b' was not expected"),
        ("a +", "ends too early"),
        ("(a", "')' is missing"),
        ("a.", "a name is missing"),
        ("'a\\n'", "can't be read"),
        ("9223372036854775808", "64 bits"),
        ("--a", "not used here"),
        ("null", "'null' was not expected"),
        ("1u", "can't be read"),
        ("'a'.b", "no field 'b' here"),
        ("a in b", "'[' is missing"),
        ("(" * 60 + "a" + ")" * 60, "too deeply"),
    ],
)
def test_what_cannot_be_read_is_refused(text: str, what: str) -> None:
    with pytest.raises(ValueError, match=what.replace("(", r"\(").replace(")", r"\)").replace("[", r"\[")):
        parse(text)


def test_all_paths_are_found() -> None:
    node = parse("a.b > 1 ? c in [d, 2] : !e && f.startsWith(g) && -h == 1")
    assert list(paths(node)) == ["a.b", "c", "d", "e", "f", "g", "h"]


@given(st.text(alphabet="ab.01+-*/%<>=!&|?:()[], '\"xin", max_size=24))
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    try:
        parse(text)
    except ValueError:
        return
