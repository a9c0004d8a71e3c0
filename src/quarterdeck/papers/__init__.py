"""Facts to claims to draft to check to document."""
