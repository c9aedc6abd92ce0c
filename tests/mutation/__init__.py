"""Mutants of the modules that decide: what one small wrong change would have to get past."""
