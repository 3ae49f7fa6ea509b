"""Keeps calls: a relational store (SQLite, PostgreSQL-ready) and its JSON export."""

from voicecore.store.sql import SqlStore

__all__ = ["SqlStore"]
