"""One folder per source system: its layout to batches of canonical rows."""
