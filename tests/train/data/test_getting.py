import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.train.data.conftest import LIST, Publisher, cut, status
from train.data.errors import DataError, DataReason
from train.data.getting import Got, get_dataset

ACCEPTED, WHOLE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), datetime(2026, 1, 2, 3, 5, 6, tzinfo=UTC)
FILES = {"a.dat": b"a" * 70_000, "sub/b 1.hea": b"header", "notes.txt": b"not of the set"}
KILLED = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from train.data.catalogue import Dataset
from train.data.getting import get_dataset
dataset = Dataset("t", "p", "w", 1, 1, "l", "u", [], "p", sys.argv[1], ["*.dat"], 1)
get_dataset("set", dataset, Path(sys.argv[2]), accepted_at=datetime.now(UTC), now=lambda: datetime.now(UTC))
"""


def get(publisher: Publisher, out: Path, *patterns: str) -> Got:
    return get_dataset(
        "set", publisher.dataset(*patterns), out, accepted_at=ACCEPTED, now=lambda: WHOLE, sleep=lambda _: None
    )


def test_a_set_and_where_it_is_from(publisher: Publisher, tmp_path: Path) -> None:
    publisher.publish(FILES)
    publisher.files[f"/set/{quote('sub/b 1.hea')}"] = FILES["sub/b 1.hea"]
    assert get(publisher, tmp_path / "new") == Got(tmp_path / "new" / "set", 2, 70_006, 2)
    folder = tmp_path / "new" / "set"
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert found == {"a.dat", "sub/b 1.hea", "SOURCE.json", ".lock"}
    source = json.loads((folder / "SOURCE.json").read_text())
    assert source["licence"] == "A licence"
    assert source["licence_url"] == "https://example.org/licence"
    assert source["licence_accepted_at"] == "2026-01-02T03:04:05+00:00"
    assert source["verified_at"] == "2026-01-02T03:05:06+00:00"
    assert source["citation"] == ["Somebody 2020"]
    assert source["url"] == f"{publisher.url}/set/"
    assert source["list_sha256"] == hashlib.sha256(publisher.files[LIST]).hexdigest()
    for name in ("a.dat", "sub/b 1.hea"):
        assert source["files"][name] == {
            "sha256": hashlib.sha256(FILES[name]).hexdigest(),
            "size_bytes": len(FILES[name]),
        }


def test_what_is_there_is_verified_and_only_the_rest_comes(publisher: Publisher, tmp_path: Path) -> None:
    publisher.publish({"a.dat": b"one", "b.dat": b"two", "c.dat": b"three"})
    get(publisher, tmp_path)
    (tmp_path / "set" / "b.dat").write_bytes(b"owt")
    (tmp_path / "set" / "c.dat").unlink()
    publisher.requests.clear()
    assert get(publisher, tmp_path).downloaded == 2
    assert [path for path, _ in publisher.requests] == [LIST, "/set/b.dat", "/set/c.dat"]
    assert (tmp_path / "set" / "b.dat").read_bytes() == b"two"


def test_a_file_that_is_not_there_keeps_those_that_are(publisher: Publisher, tmp_path: Path) -> None:
    publisher.publish({"a.dat": b"one", "b.dat": b"two"})
    publisher.faults["/set/b.dat"] = [status(404)]
    with pytest.raises(DataError, match="404"):
        get(publisher, tmp_path)
    assert (tmp_path / "set" / "a.dat").read_bytes() == b"one"
    assert not (tmp_path / "set" / "SOURCE.json").exists()
    assert get(publisher, tmp_path).downloaded == 1


def test_a_list_that_was_cut_is_asked_for_again(publisher: Publisher, tmp_path: Path) -> None:
    publisher.publish({"a.dat": b"one", "b.dat": b"two"})
    publisher.faults[LIST] = [cut]
    assert get(publisher, tmp_path).files == 2


def test_a_name_that_climbs_out_writes_nothing(publisher: Publisher, tmp_path: Path) -> None:
    publisher.publish({"../a.dat": b"one"})
    with pytest.raises(DataError) as caught:
        get(publisher, tmp_path / "in")
    assert caught.value.reason is DataReason.BAD_LIST
    assert not list(tmp_path.rglob("*.dat*"))


def test_a_link_out_of_the_folder_is_not_followed(publisher: Publisher, tmp_path: Path) -> None:
    publisher.publish({"sub/a.dat": b"one"})
    (tmp_path / "set").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "set" / "sub").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DataError, match="link out of"):
        get(publisher, tmp_path)
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_folder_that_cannot_be_made(publisher: Publisher, tmp_path: Path) -> None:
    (tmp_path / "set").write_text("a file")
    with pytest.raises(DataError) as caught:
        get(publisher, tmp_path)
    assert caught.value.reason is DataReason.UNWRITABLE


def test_a_kill_in_the_middle_then_the_same_bytes_and_one_process_at_a_time(
    publisher: Publisher, tmp_path: Path
) -> None:
    content = os.urandom(2_000)  # less than a buffer: written out all the same
    publisher.publish({"a.dat": content})

    def stalls(handler: BaseHTTPRequestHandler, content: bytes) -> None:
        cut(handler, content)
        handler.wfile.flush()
        publisher.released.wait(60)

    publisher.faults["/set/a.dat"] = [stalls]
    part = tmp_path / "set" / "a.dat.part"
    with subprocess.Popen([sys.executable, "-c", KILLED, f"{publisher.url}/set/", str(tmp_path)]) as process:
        deadline_s = time.monotonic() + 60
        while not (part.is_file() and part.stat().st_size == 1_000):
            assert process.poll() is None
            assert time.monotonic() < deadline_s
            time.sleep(0.01)
        with pytest.raises(DataError) as caught:
            get(publisher, tmp_path)
        assert caught.value.reason is DataReason.BUSY
        process.kill()
        assert process.wait() == -signal.SIGKILL
    assert part.read_bytes() == content[:1_000]
    assert get(publisher, tmp_path).downloaded == 1
    assert publisher.asked("/set/a.dat")[-1]["Range"] == "bytes=1000-"
    assert (tmp_path / "set" / "a.dat").read_bytes() == content


def test_real_recordings_arrive_as_they_are(publisher: Publisher, tmp_path: Path, data_folder: Path) -> None:
    from train.data.catalogue import find

    names = ["bidmc01.hea", "bidmc01.dat", "bidmc02.hea", "bidmc02.dat"]
    files = {name: (data_folder / "bidmc" / name).read_bytes() for name in names}
    publisher.publish({**files, "bidmc01n.hea": b"numerics", "bidmc_csv/bidmc_01_Signals.csv": b"the same again"})
    assert get(publisher, tmp_path, *find("bidmc").files).files == 4
    for name, content in files.items():
        assert (tmp_path / "set" / name).read_bytes() == content
