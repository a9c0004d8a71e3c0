"""Discuss: priorities, a plan by the week, reviews and a calendar."""
