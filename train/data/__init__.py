"""Public recordings, downloaded from where they are published."""
