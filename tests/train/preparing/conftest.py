"""One worker in this process, for the tests that are not about processes."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest
from dask.distributed import Client

from device.frontend import FrontEndSpec
from train.frontend_design import design
from train.windows import training_spec


@pytest.fixture(scope="session")
def spec() -> FrontEndSpec:
    return training_spec(design(), 75, 0.15)


@pytest.fixture(scope="session")
def client() -> Iterator[Client]:
    with Client(
        processes=False, n_workers=1, threads_per_worker=2, dashboard_address="127.0.0.1:0", set_as_default=False
    ) as one:
        yield one


@pytest.fixture
def here(client: Client) -> AbstractContextManager[Client]:
    return nullcontext(client)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a made source lies."""
    return tmp_path / "recordings"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "prepared"
