"""Engines behind the ports, one per file, and the catalogue of the weights that they need."""

import os

from voicecore.egress import OFFLINE

os.environ.update(OFFLINE)  # before any engine is imported: ONNX Runtime would report home from then on
