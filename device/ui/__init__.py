"""The session as a page in a browser."""
