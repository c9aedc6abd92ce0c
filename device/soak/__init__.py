"""A day of the device in minutes: the whole path on a simulated board, every fault at random times, and who watches."""
