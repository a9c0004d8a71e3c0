"""The optional language model behind one typed contract; redaction before, checks after; the AI register."""
