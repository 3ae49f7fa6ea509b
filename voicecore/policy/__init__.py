"""Bounded execution: which tools an agent may call, with what, how often and for how much."""

from voicecore.policy.decision import Counter, Decision, Draw, Request, Spent, decide, took_effect
from voicecore.policy.policy import Policy, ToolRule, load_policy

__all__ = [
    "Counter",
    "Decision",
    "Draw",
    "Policy",
    "Request",
    "Spent",
    "ToolRule",
    "decide",
    "load_policy",
    "took_effect",
]
