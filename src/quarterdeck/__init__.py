"""Quarterdeck: one sealed evidence base for a director of clinical operations."""

__version__ = "0.1.0"
