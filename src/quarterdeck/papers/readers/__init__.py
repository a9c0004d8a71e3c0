"""Reads finished files back: every piece of text with its place, the sealed manifest, the pictures by hash. One reader per format."""
