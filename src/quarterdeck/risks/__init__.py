"""Risks and opportunities: from signal to action to measured effect."""
