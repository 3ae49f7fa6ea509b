"""Engines in processes of their own, reached over local sockets: see ``fleet.Fleet``."""
