"""A network that makes a person's pulse from their ECG, taught on other people."""
