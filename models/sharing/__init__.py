"""One device, several engines: what a caller waits for in silence goes first."""
