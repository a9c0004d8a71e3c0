"""The seeded synthetic portfolio, written as source systems would write it, with its planted truths beside it."""
