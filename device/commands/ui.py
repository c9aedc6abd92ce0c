"""`pulsekey ui`: the lock as a page in a browser."""

import argparse
import socket
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from device.bundle import Bundle, load_bundle
from device.commands.locking import add_lock, check_lock, session_of
from device.commands.options import add_bundle, add_fmr, add_gallery, add_port, open_reader, positive, resolve_port
from device.commands.presenting import detector_at, leave, leaving
from device.embedders import load_embedder
from device.errors import CommandError, CommandReason
from device.events import Event
from device.frontend import Window
from device.gallery import Gallery
from device.hooks.options import hooks_of
from device.session.inbox import Inbox
from device.simulation import Simulation, enrol_simulated
from device.stopping import Stopper
from device.ui.access import Access, Hosts, is_loopback
from device.ui.door import TOKEN_FIELD
from device.ui.feed import Feed
from device.ui.refusals import Refusals
from device.ui.watched import WatchedFrontEnd

HELP = (
    "Open a lock by pulse as `pulsekey unlock` does, enrol and forget people, on a page in a browser of this machine, "
    "until Ctrl-C. The address that is printed opens it once."
)
HTTP_PORT = 8765
DEMO_ENROLLED = 2


def _http_port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port, 0 to 65535")
    return int(text)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_lock(parser)
    add_port(parser)
    parser.add_argument("--host", default="127.0.0.1", help="where the page is served (default 127.0.0.1: here only)")
    parser.add_argument(
        "--http-port", type=_http_port, default=HTTP_PORT, metavar="N", help=f"0: any (default {HTTP_PORT})"
    )
    parser.add_argument("--demo", action="store_true", help="a simulated sensor and a gallery that is thrown away")
    parser.add_argument("--seconds", type=positive, metavar="N", help="stop after N seconds")
    add_gallery(parser)
    add_bundle(parser)
    add_fmr(parser)


def run(args: argparse.Namespace) -> int:
    """Serve the page until stopped.

    Raises:
        PulsekeyError: of whatever phase; CommandError CANNOT_LISTEN before the board is touched.
    """
    from device.ui import server  # what it needs is an extra: its absence is told before anything else is done

    check_lock(args)
    if args.demo and (args.port != "auto" or args.gallery is not None or args.name):
        raise CommandError(
            CommandReason.BAD_ARGUMENT, "--demo brings its own sensor and gallery: no --port, --gallery or NAME"
        )
    bundle = load_bundle(args.bundle)
    with server.listening(args.host, args.http_port) as bound, ExitStack() as stack:
        simulation = _simulation(args, stack) if args.demo else None
        gallery = stack.enter_context(Gallery(args.gallery))
        if simulation is not None:
            embedder = load_embedder(bundle, args.runtime)
            for name in simulation.names[:DEMO_ENROLLED]:
                enrol_simulated(name, gallery, bundle, embedder)
        _serve(args, bundle, gallery, bound, simulation)
    return 0


def _simulation(args: argparse.Namespace, stack: ExitStack) -> Simulation:
    """A simulated sensor, and where it and its gallery are."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pulsekey-demo-")))
    simulation = stack.enter_context(Simulation(folder))
    args.port, args.gallery = simulation.path, folder / "gallery.sqlite"
    return simulation


def _serve(
    args: argparse.Namespace, bundle: Bundle, gallery: Gallery, bound: socket.socket, simulation: Simulation | None
) -> None:
    """Let the session run, and show it."""
    from device.ui.page import Page
    from device.ui.server import PageServer

    port = resolve_port(args)
    reader = open_reader(args, port)
    detector = detector_at(args, reader, port)
    seen: list[Window] = []
    session = session_of(args, gallery, bundle, detector, lambda: WatchedFrontEnd(bundle.front_end, seen.append))
    feed = Feed(session, seen=seen, people=gallery.people, totals=reader.statistics)
    inbox, access, hosts = Inbox(reader), Access(), Hosts(args.host, bound.getsockname()[1])
    page = Page(feed, bundle.manifest, inbox.post, simulation)
    stop = leaving(detector, reader)
    server = PageServer(page, bound, access, hosts, refused=Refusals(inbox.post), failed=stop)
    with hooks_of(args, lambda text: _warn(text, feed)) as hooks, Stopper(stop, args.seconds), reader, server:
        _greet(args.host, f"{hosts.url}?{TOKEN_FIELD}={access.token}")

        def tell(event: Event) -> None:
            hooks.heed(event)
            feed.event(event)

        try:
            session.run(feed.tap(inbox), tell, feed.tick)
        finally:
            leave(detector, reader)


def _warn(text: str, feed: Feed) -> None:
    """Tell what went wrong beside the lock, on the page and, since that may be over, on stderr; from any thread."""
    print(f"pulsekey: warning: {text}", file=sys.stderr, flush=True)
    feed.warn(text)


def _greet(host: str, url: str) -> None:
    if not is_loopback(host):
        print(
            f"pulsekey: warning: {host} can be reached by others, and nothing is encrypted: whoever hears the network "
            "can read the PIN and take the page over; better leave --host out, and forward the port with ssh -L",
            file=sys.stderr,
        )
    print(f"The page opens once, at {url} (Ctrl-C stops)", flush=True)
