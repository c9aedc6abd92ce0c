"""Training: recordings, networks and the loop, through the front end of the device."""
