"""End of turn on recorded human turns, measured as eot-bench does: false cut-offs against latency.

Method (LiveKit's eot-bench, 2026): every silence of a turn is a decision; firing in one that is not the last
is a false cut-off; latency is the mean wait after true ends; policies are swept and read at budgets. Unlike
there, the appliance's own ears find the silences, in 8 kHz G.711 with and without noise: lateness counts.
"""

from benchmarks.endpoints.bench import measure, plots, run

__all__ = ["measure", "plots", "run"]
