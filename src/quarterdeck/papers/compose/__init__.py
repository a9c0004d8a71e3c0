"""Composers: each kind of section that a template may name is composed here from facts, and says so where they are missing."""
