"""Latency of every stage of a turn, by how many calls there are, against budgets for a class of hardware."""
