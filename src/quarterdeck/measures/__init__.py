"""Measures as data files, the query each one names, and their evaluation to one result shape, the reading."""
