"""Readers of recordings as their publishers lay them out."""
