"""A sitting with the sensor: what a lock does while somebody wears it."""
