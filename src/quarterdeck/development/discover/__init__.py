"""Discover: what a person can do now, with an interval on every cell."""
