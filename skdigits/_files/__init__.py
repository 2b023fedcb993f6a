"""Model files: written, checked, read."""
