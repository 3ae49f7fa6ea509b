"""Examples: whole agents in a folder each, with the back-end they talk to."""
