"""The asyncio shell around one call: performs what the pure parts decide."""
