"""Deliver: ten types of practice conversation on one engine."""
