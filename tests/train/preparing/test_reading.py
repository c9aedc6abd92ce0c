from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
from dask.distributed import Client

from device.frontend import FrontEndSpec
from firmware_bridge.recordings import Recording
from tests.train.preparing.fakes import RATE_HZ, lay, opened, pulse
from train.errors import TrainError, TrainReason
from train.people import record_of
from train.preparing.manifest import MANIFEST
from train.preparing.preparing import prepare_sources
from train.preparing.reading import open_prepared
from train.preparing.table import STEPS
from train.windows import good_windows

Workers = AbstractContextManager[Client]


def test_a_persons_windows_are_those_of_their_recordings(
    here: Workers, folder: Path, out: Path, spec: FrontEndSpec
) -> None:
    prepare_sources(here, [lay(folder, "p 1 a good", "q 1 b good", "p 2 c good", "r 1 d short")], out, spec, opened)
    prepared = open_prepared(out)
    assert prepared.people == ("made/p", "made/q", "made/r")
    assert (prepared.spec, prepared.digest, prepared.hop_samples) == (spec, spec.digest(), 75)
    for person, numbers in (("made/p", (0, 2)), ("made/q", (1,)), ("made/r", ())):
        found = prepared.person_windows(person)
        whole = [good_windows(Recording(pulse(n, 12.0), RATE_HZ, "", "", ""), spec).pulse for n in numbers]
        expected = np.concatenate([np.empty((0, spec.window_samples)), *whole])
        assert found.subject == person
        assert found.pulse.dtype == np.float32
        assert found.pulse.shape == expected.shape
        assert np.abs(found.pulse - expected).max(initial=0.0) <= 0.5 / STEPS + 1e-6
    with pytest.raises(TrainError, match="no windows of 'made/z'") as caught:
        prepared.person_windows("made/z")
    assert caught.value.reason is TrainReason.NO_DATA


def test_where_everything_is_from_is_told_of_each_record(
    here: Workers, folder: Path, out: Path, spec: FrontEndSpec
) -> None:
    prepare_sources(
        here, [lay(folder, "p 1 a good", "q 1 b good", "p 1 c good", "p 1 d unreadable")], out, spec, opened
    )
    told = {facts.record: facts for facts in open_prepared(out).provenance()}
    assert sorted(told) == ["a", "b", "c"]
    for number, (record, person) in enumerate((("a", "made/p"), ("b", "made/q"), ("c", "made/p"))):
        facts = told[record]
        assert (facts.person, facts.source, facts.session, facts.number) == (person, "made", "1", number)
        assert (facts.site, facts.sex, facts.age, facts.seconds) == ("finger", "F", 40 + number, 12.0)
        assert facts.windows == facts.good + sum(facts.refused.values())
        # The leakage guard hashes recordings in the same way.
        assert facts.content_hash == record_of(Recording(pulse(number, 12.0), RATE_HZ, "", "", "")).digest


def test_what_is_damaged_is_named(here: Workers, folder: Path, out: Path, spec: FrontEndSpec) -> None:
    prepare_sources(here, [lay(folder, "p 1 a good")], out, spec, opened)
    prepared = open_prepared(out)
    (file,) = out.rglob("*.parquet")
    file.write_bytes(file.read_bytes()[:-50])
    for read in (lambda: prepared.person_windows("made/p"), lambda: list(prepared.provenance())):
        with pytest.raises(TrainError, match="is damaged"):
            read()
    manifest = (out / MANIFEST).read_text()
    for text, what in (
        ("{", "is no JSON"),
        (manifest.replace(spec.digest(), "0" * 64), "does not match its digest"),
        (manifest.replace('"pulse_steps": 1024', '"pulse_steps": 512'), "not of this version"),
        (manifest.replace('"front_end"', '"back_end"'), "not of this version"),
    ):
        assert text != manifest
        (out / MANIFEST).write_text(text)
        with pytest.raises(TrainError, match=what):
            open_prepared(out)
    (out / MANIFEST).unlink()
    with pytest.raises(TrainError, match="give a folder of pulsekey data prepare"):
        open_prepared(out)
