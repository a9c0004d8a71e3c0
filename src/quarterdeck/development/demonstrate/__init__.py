"""Demonstrate: evidence, readiness, portfolio and its checks."""
