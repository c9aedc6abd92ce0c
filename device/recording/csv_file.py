"""A recording as CSV: a row for each sample that was measured."""

from pathlib import Path

from device.recording.journal import JournalReader
from device.recording.spans import Contents, runs
from device.recording.timeline import span_starts_s

HEADER = "time_s,ir,red,index,epoch"


def write_csv(file: Path, journal: JournalReader, contents: Contents) -> None:
    """Write a journal as CSV, a batch in memory at a time; `red` is empty in a span that had none.

    Raises:
        OSError: it cannot be written. RecordingError: interrupted for too long, see `span_starts_s`.
    """
    starts_s = span_starts_s(contents)
    with file.open("w", encoding="ascii", newline="\n") as text:
        text.write(HEADER + "\n")
        for run in runs(journal):
            span, rate_hz = contents.spans[run.span], contents.rates_hz[run.span]
            time_s = starts_s[run.span] + (run.index - span.first_index) / rate_hz
            columns = zip(time_s.tolist(), run.counts.tolist(), run.index.tolist(), strict=True)
            text.writelines(
                f"{at_s:.6f},{ir},{red if span.has_red else ''},{index},{span.epoch}\n"
                for at_s, (ir, red), index in columns
            )
