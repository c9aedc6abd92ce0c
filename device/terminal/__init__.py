"""The terminal view of a running session."""
