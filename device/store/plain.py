"""Stores of format 1, whose templates were in the clear: read once, then gone."""

import numpy as np

from device.errors import GalleryError, GalleryReason
from device.store.database import Database
from device.store.people import People, Record


def take_over(db: Database, people: People) -> list[Record]:
    """Everybody in a plain store, whose table is dropped; SQLite overwrites its pages (secure_delete).

    Raises:
        GalleryError: DAMAGED, naming the person; the transaction must end there.
    """
    rows = db.execute("SELECT name, model_id, embedding, good_windows, enrolled_at_utc FROM templates").fetchall()
    records = []
    for name, model_id, blob, good_windows, enrolled_at_utc in rows:
        reference = np.frombuffer(blob, dtype="<f4") if len(blob) % 4 == 0 else np.empty(0, dtype="<f4")
        if not abs(float(np.linalg.norm(reference)) - 1.0) < 1e-3:
            raise GalleryError(
                GalleryReason.DAMAGED,
                f"gallery {db.path}: the template of {name!r} is damaged: forget it with the pulsekey that wrote it",
            )
        records.append(people.made(name, model_id, reference.astype(np.float32), good_windows, enrolled_at_utc))
    db.execute("DROP TABLE templates")
    return records
