"""Regulatory changes: found, typed, judged for each trial, turned into proposals with days and cost."""
