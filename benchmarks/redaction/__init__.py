"""Redaction of private data in spoken text: test sets, figures, and Presidio on the same."""
