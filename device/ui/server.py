"""The page's web server, in a thread of its own beside the session."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

import uvicorn
from fastapi import FastAPI

from device.errors import CommandError, CommandReason
from device.ui.access import Access, Hosts
from device.ui.door import Door
from device.ui.nice import core, ui
from device.ui.page import STATIC, Page

GRACE_S = 2
"""For open connections at the end; a browser's websocket would stay for ever."""
_HISTORY = 200
"""Messages that a tab may have missed when its network comes back: 20 s of them."""


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 is any that is free.

    Raises:
        CommandError: CANNOT_LISTEN.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server((str(address[0]), port), family=family)
    except OSError as error:
        raise CommandError(
            CommandReason.CANNOT_LISTEN,
            f"cannot serve the page at {host}:{port} ({error.strerror}): choose another --http-port or --host",
        ) from None


class PageServer:
    """Serves the page while it is entered; one to a process, since NiceGUI has one page of each name."""

    def __init__(
        self,
        page: Page,
        bound: socket.socket,
        access: Access,
        hosts: Hosts,
        *,
        refused: Callable[[], Awaitable[None]],
        failed: Callable[[], None],
    ) -> None:
        """`refused`: see `Door`; `failed` is called in the server's thread if it ends without having been told to."""
        self._socket, self._failed = bound, failed
        self._error: BaseException | None = None
        inner = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        ui.page("/", title="Pulsekey", favicon=STATIC / "favicon.svg")(page.__call__)
        ui.run_with(
            inner,
            dark=None,
            tailwind=False,
            show_welcome_message=False,
            message_history_length=_HISTORY,
            binding_refresh_interval=3600.0,  # nothing here is bound
        )
        # Those that NiceGUI brings compress what stays on this machine, and raise where a browser leaves early.
        core.app.user_middleware.clear()
        core.app.config.socket_io_js_transports = ["websocket"]  # the only one the door lets through
        config = uvicorn.Config(
            Door(inner, access, hosts, refused),
            log_config=None,
            access_log=False,
            server_header=False,
            ws_per_message_deflate=False,  # a tenth of a kB at a time, ten times a second, to the same machine
            timeout_graceful_shutdown=GRACE_S,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="page", daemon=True)

    def _serve(self) -> None:
        try:
            asyncio.run(self._server.serve(sockets=[self._socket]))
        except BaseException as error:  # whatever it is, it belongs to whoever leaves the context
            self._error = error
        finally:
            if not self._server.should_exit or self._error is not None:
                self._failed()

    def __enter__(self) -> Self:
        """Begin to serve."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop; open pages are told that the connection is over."""
        self._server.should_exit = True
        self._thread.join()
        if self._error is not None and error is None:
            raise self._error
