"""The deck: pages and JSON for a browser."""
