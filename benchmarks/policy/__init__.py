"""Bounded execution, measured: limits under crashes and contention, decisions, proofs against the truth."""
