"""The device: from a sensor board's samples to the name of the wearer. Importing it loads nothing else."""
