"""The YAML of a policy (``policy.yaml``): one class per thing a person may write, checked field by field."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from voicecore.config import Section

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
"""An identifier: lower-case letters, digits and underscores."""
Label = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")]
"""What a limit or promise is called in reasons, ledgers and proofs: kebab-case."""
Expression = Annotated[str, BeforeValidator(lambda value: str(value) if type(value) is int else value)]
"""CEL; a bare integer may be written as one."""
Kind = Literal["boolean", "integer", "number", "string"]
"""``number`` is a double; integers and numbers do not mix in conditions (write 1.0)."""
Per = Literal["call", "customer", "customer-day", "day"]
"""Whose total: one call's, one customer's for ever, one customer's of a day, everybody's of a day."""


class Identity(Section):
    """How a customer's identity is verified: by an answer of the back-end, never by what was said."""

    tool: Name
    verified: Name
    """The boolean that the tool returns."""
    customer: Name
    """The argument that names the customer."""


class Rule(Section):
    """What one tool may be asked; all of ``when`` must hold. A tool without a rule is denied."""

    arguments: dict[Name, dict[str, Any]] = Field(default_factory=dict)
    """JSON Schema per argument, beside the type that tools.yaml declares."""
    amount: Expression = "0"
    """What it moves, in cents: CEL, an integer >= 0."""
    when: tuple[Expression, ...] = ()
    approve: Expression = "false"
    """Where this holds, a person must agree first."""
    effective: Expression = "true"
    """Over ``result``: whether the answer means that it was done; else nothing is counted."""


class _Bound(Section):
    tools: tuple[Name, ...] = Field(min_length=1)
    per: Per
    amount: int | None = Field(default=None, ge=0, le=10**15, strict=True)
    """Most cents in total."""
    count: int | None = Field(default=None, ge=0, le=10**9, strict=True)
    """Most times."""

    @model_validator(mode="after")
    def _bounds_something(self) -> _Bound:
        if self.amount is None and self.count is None:
            raise ValueError("needs amount, count or both")
        return self


class Limit(_Bound):
    """Counted and enforced when a tool is called."""


class Promise(_Bound):
    """Not counted, but proved to follow from the rules and limits."""


class PolicyFile(Section):
    """``policy.yaml``; see the comment at the top of the example's."""

    identity: Identity | None = None
    facts: dict[Annotated[str, Field(pattern=r"^(slots|risk)\.[a-z][a-z0-9_]*$")], Kind] = Field(
        default_factory=dict
    )
    """What conditions may speak of beside arguments, results, identity and time."""
    rules: dict[Name, Rule]
    limits: dict[Label, Limit] = Field(default_factory=dict)
    promises: dict[Label, Promise] = Field(default_factory=dict)
    approval_s: float = Field(default=60.0, gt=0, le=600)
    """How long a person has to agree; then the answer is no."""


class Shape(Section):
    """What a policy needs to know of a tool in ``tools.yaml``, whatever else stands there."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    read_only: bool = True
    arguments: dict[str, str] = Field(default_factory=dict)
    """Name -> type ("date", "string?"), as in the tool's own schema."""
    returns: dict[str, str] = Field(default_factory=dict)


class Shapes(Section):
    """``tools.yaml``, as far as policies care; the dialogue checks the rest."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    tools: dict[str, Shape]
