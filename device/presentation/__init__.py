"""Presentation attack detection: whether the pulse is a living finger's, on this sensor, now."""
