"""Detectors: each looks at one part of the evidence and says what a director should know, with what doing nothing is expected to cost."""
