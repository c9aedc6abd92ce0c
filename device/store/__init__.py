"""Templates at rest: one encrypted SQLite file, its key, and the small file that tells an old copy of it."""
