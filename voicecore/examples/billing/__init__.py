"""Telephone billing support: the agent as YAML and its back-end."""
