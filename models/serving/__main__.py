"""``python -m models.serving NAME ADDRESS PARENT``: an engine process, as ``host.EngineHost`` starts it.

The name is for those who look at the list of processes; what to load is read from stdin (``spec.Spec``).
"""

from __future__ import annotations

import sys

from models.serving.server import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[2], sys.stdin.read(), int(sys.argv[3])))
