"""``python -m models.serving ADDRESS SPEC PARENT``: an engine process, as ``host.EngineHost`` starts it."""

from __future__ import annotations

import sys

from models.serving.server import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
