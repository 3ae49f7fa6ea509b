"""Assurance: attacks played against an agent before it serves, and every ended call looked through after."""
