"""``voicecore bench egress``: how many packets of a whole call go to anybody but the PBX."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from benchmarks.figures import Figure, figure
from benchmarks.report import Plot
from voicecore.console import charts

OWN = ("unshare", "--user", "--map-root-user", "--net", "--mount")
"""A namespace of one's own, without privileges."""
SCRIPT = "main"
_LONGEST_S = 240


def lacks() -> str | None:
    """Why it can't be measured here, or None."""
    missing = [tool for tool in ("unshare", "nsenter", "ip", "mount") if shutil.which(tool) is None]
    if missing:
        return f"needs {', '.join(missing)} (iproute2, util-linux)"
    trial = [*OWN, "ip", "link", "add", "a0", "type", "veth", "peer", "name", "b0"]
    done = subprocess.run(trial, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else f"no network namespaces here: {done.stderr.strip()}"


def hold(script: str = SCRIPT) -> dict[str, Any]:
    """One call on the stage; see ``stage.main``. Raises CalledProcessError, TimeoutExpired."""
    command = [*OWN, sys.executable, "-m", "benchmarks.egress.stage", script]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=_LONGEST_S, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def run() -> list[Figure]:
    """All figures; about a minute. None where there are no namespaces."""
    told = hold() if lacks() is None else {}
    calls = len(told) and 1
    return [
        figure("packets_outside", told.get("outside"), "packets", calls, "<= 0"),
        figure("packets_uncounted", told.get("uncounted"), "packets", calls, "<= 0"),
        figure("packets_to_pbx", told.get("to_pbx"), "packets", calls, ">= 1000"),
        figure("packets_of_check_seen", told.get("check"), "packets", calls, ">= 1"),
        figure("call_s", told.get("call", {}).get("seconds"), "s", calls),
    ]


def plots(figures: Sequence[Figure]) -> list[Plot]:
    """Whom packets went to."""
    values = {f["name"]: f["value"] or 0 for f in figures}
    rows = {"pbx": values["packets_to_pbx"], "outside": values["packets_outside"]}
    names = {"pbx": "the PBX", "outside": "anybody else"}
    note = (
        "Packets that left the box in one whole call; the default route and the name server were counted too."
    )
    return [Plot("Whom packets went to", charts.bars([("one call", rows)], names, "packets", {}), note)]
