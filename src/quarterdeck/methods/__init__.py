"""Pure statistics on arrays. No I/O, no clock, seeds passed in."""
