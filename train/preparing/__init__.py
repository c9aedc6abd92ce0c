"""Recordings through the device's front end into Parquet, once, for every training that reads them."""
