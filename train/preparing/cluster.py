"""Workers of this machine or of a cluster, and tasks given to them a few at a time."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import TypeVar

from dask.distributed import Client, KilledWorker, LocalCluster, as_completed
from dask.typing import Key

from device.errors import CommandError, CommandReason

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
PER_THREAD = 4
"""Tasks a worker's thread that are under way: it never waits for the next, and what is remembered of tasks does not
grow with their number."""
PATIENCE_S = 30
"""For a scheduler to answer, and for the first worker to come."""

_T = TypeVar("_T")
_R = TypeVar("_R")


@contextmanager
def workers(scheduler: str | None, count: int) -> Iterator[Client]:
    """A client of a running scheduler, or of worker processes on this machine that end with it.

    Args:
        scheduler: ``tcp://HOST:PORT``; None for this machine's own.
        count: worker processes on this machine, where there is no scheduler.

    Raises:
        CommandError: the scheduler cannot be reached, or no worker comes.
    """
    if not log.isEnabledFor(logging.INFO):
        for name in ("distributed", "distributed.client"):  # they tell of each process that comes and goes
            logging.getLogger(name).setLevel(logging.ERROR)
    with ExitStack() as stack:
        try:
            client: Client = stack.enter_context(_client(scheduler, count, stack))
            client.wait_for_workers(1, timeout=PATIENCE_S)
        except (OSError, ValueError) as error:  # a timeout is an OSError
            where = scheduler or "this machine"
            raise CommandError(
                CommandReason.BAD_ARGUMENT,
                f"no workers at {where} ({error or 'none came'}); start `dask scheduler` and `dask worker` there",
            ) from error
        yield client


def _client(scheduler: str | None, count: int, stack: ExitStack) -> Client:
    if scheduler is not None:
        return Client(scheduler, timeout=PATIENCE_S, set_as_default=False)  # type: ignore[no-untyped-call]
    cluster = LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=count, threads_per_worker=1, processes=True, dashboard_address=f"{LOOPBACK}:0"
    )
    return Client(stack.enter_context(cluster), set_as_default=False)  # type: ignore[no-untyped-call]


def results(
    client: Client, function: Callable[[_T], _R], tasks: Iterable[_T]
) -> Iterator[tuple[_T, _R | KilledWorker]]:
    """Each task and its result, as they come; a task whose worker dies is done again by another.

    Args:
        client: of the workers.
        function: what is called with a task, possibly more than once.
        tasks: taken as there is room.

    Yields:
        The task, and its result, or, where it has killed one worker after another, that.

    Raises:
        Exception: whatever the function raised.
    """
    waiting = iter(tasks)
    running: dict[Key, _T] = {}
    done = as_completed(loop=client.loop)  # type: ignore[no-untyped-call]

    def top_up() -> None:
        threads = sum(client.nthreads().values())  # type: ignore[no-untyped-call]
        room = PER_THREAD * max(1, threads) - len(running)
        for task in islice(waiting, max(0, room)):
            future = client.submit(function, task, pure=False)
            running[future.key] = task
            done.add(future)  # type: ignore[no-untyped-call]

    top_up()
    for future in done:
        task = running.pop(future.key)
        try:
            yield task, future.result()
        except KilledWorker as error:
            yield task, error
        top_up()
