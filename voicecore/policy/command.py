"""``voicecore policy``: what is proved about an agent's policy, and what another permits beyond it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from voicecore.policy.policy import load_policy
from voicecore.policy.proof import Comparison, Difference, Proof, compare, prove

policy_app = typer.Typer(no_args_is_help=True, help="What an agent may do: proofs and comparisons.")
Folder = Annotated[Path, typer.Argument(help="An agent's folder, with policy.yaml and tools.yaml.")]
Json = Annotated[bool, typer.Option("--json", help="One line of JSON.")]


@policy_app.command()
def check(folder: Folder, as_json: Json = False) -> None:
    """Prove that no allowed sequence of requests exceeds the stated limits; exits with 1 if that fails."""
    policy = load_policy(folder)
    proof = prove(policy)
    denied = sorted(policy.shapes.keys() - policy.rules.keys())
    print(json.dumps(_proof_data(proof, denied)) if as_json else "\n".join(_proof_lines(proof, denied)))
    raise typer.Exit(0 if proof.proved else 1)


@policy_app.command()
def diff(
    old: Annotated[Path, typer.Argument(help="An agent's folder: the policy in force.")],
    new: Annotated[Path, typer.Argument(help="Another one: what is to replace it.")],
    as_json: Json = False,
) -> None:
    """Tell whether NEW permits more than OLD, with a request that shows it; exits with 1 if it does."""
    found = compare(load_policy(old), load_policy(new))
    print(json.dumps(_diff_data(found)) if as_json else "\n".join(_diff_lines(found)))
    raise typer.Exit(1 if found.more else 0)


def _proof_data(proof: Proof, denied: list[str]) -> dict[str, Any]:
    claims = [{"about": c.about, "status": c.status, "example": c.example} for c in proof.claims]
    return {
        "proved": proof.proved,
        "claims": claims,
        "never": list(proof.never),
        "denied": denied,
        "approximated": list(proof.approximated),
    }


def _proof_lines(proof: Proof, denied: list[str]) -> list[str]:
    lines = [f"{c.status:8} {c.about}" + (f": {c.example}" if c.example else "") for c in proof.claims]
    lines += [f"note     {tool}: its rule permits no request at all" for tool in proof.never]
    lines += [f"note     {tool}: has no rule and is always denied" for tool in denied]
    lines += [f"note     taken to hold wherever it might: {what}" for what in proof.approximated]
    return [*lines, "proved" if proof.proved else "NOT PROVED: serve will refuse this policy"]


def _diff_data(found: Comparison) -> dict[str, Any]:
    return {
        "more": found.more,
        "differences": [
            {
                "tool": d.tool,
                "old": d.old,
                "new": d.new,
                "confirmed": d.confirmed,
                "values": d.values,
                "spent": {f"{c.limit} of {c.whose}": [s.amount, s.count] for c, s in d.spent.items()},
            }
            for d in found.differences
        ],
        "approximated": list(found.approximated),
    }


def _diff_lines(found: Comparison) -> list[str]:
    lines = [line for difference in found.differences for line in _difference_lines(difference)]
    lines += [f"note: taken to be true and false, as it may: {what}" for what in found.approximated]
    if not found.more:
        return [*lines, "permits nothing more"]
    sure = any(difference.confirmed for difference in found.differences)
    return [*lines, "PERMITS MORE" if sure else "MAY PERMIT MORE: not proved that it does not"]


def _difference_lines(found: Difference) -> list[str]:
    values = [
        f"  {root}.{name} = {value!r}" for root, some in found.values.items() for name, value in some.items()
    ]
    spent = [
        f"  before: {s.count} x, {s.amount} cents of {c.limit} ({c.whose})" for c, s in found.spent.items()
    ]
    sure = "" if found.confirmed else " (not confirmed)"
    return [f"{found.tool}: old: {found.old}; new: {found.new}{sure}", *values, *spent]
