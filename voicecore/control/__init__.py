"""The control process: the HTTP API through which people watch, approve, stop and undo."""
