"""Enrolment, timeline and cost of a trial and of the portfolio; the ledger of sealed forecasts and its scores."""
