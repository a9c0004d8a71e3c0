"""Levers, common random futures, comparison, optimiser."""
