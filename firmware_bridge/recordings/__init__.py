"""Recordings read with numpy alone: cohort files, WFDB records, CSV."""

from firmware_bridge.recordings.cohort import Cohort, read_cohort
from firmware_bridge.recordings.csv_format import read_csv
from firmware_bridge.recordings.opening import open_recording
from firmware_bridge.recordings.recording import Recording
from firmware_bridge.recordings.wfdb_format import read_wfdb

__all__ = ["Cohort", "Recording", "open_recording", "read_cohort", "read_csv", "read_wfdb"]
