"""Capacity, key persons, attrition: the team behind the trials."""
