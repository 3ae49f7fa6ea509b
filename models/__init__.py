"""Engines behind the ports, one per file, and the catalogue of the weights that they need."""
