"""Presentation and injection attacks on the whole device, measured by the terms of ISO/IEC 30107-3."""
