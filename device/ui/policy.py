"""What a browser may do with the page: load from here, run what is marked, and nothing else."""

import re

NONCE_BYTES = 16
_SHIM = re.compile(rb'<script async src="[^"]*/es-module-shims\.js"></script>')
"""For browsers before 2023, which the page does not run in; in others it tries what the policy forbids."""


def policy(nonce: str, host: str) -> str:
    """The Content-Security-Policy of one answer: nothing from elsewhere, no `eval`, nothing inline without its mark.

    `host`: the `Host` header, checked; browsers differ in whether 'self' includes the websocket.
    """
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' 'nonce-{nonce}'",
            f"style-src 'self' 'nonce-{nonce}'",
            f"connect-src 'self' ws://{host}",
            "img-src 'self' data:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def headers(nonce: str, host: str) -> list[tuple[bytes, bytes]]:
    """What every answer carries."""
    return [
        (b"content-security-policy", policy(nonce, host).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), usb=(), serial=()"),
    ]


def marked(html: bytes, nonce: str) -> bytes:
    """NiceGUI's page with the mark on its own scripts and styles, and its language for those who have it read aloud.

    What people typed stands in it with its angle brackets escaped, and so never gets a mark.
    """
    mark = f' nonce="{nonce}"'.encode()
    html = _SHIM.sub(b"", html).replace(b"<html>", b'<html lang="en">', 1)
    return html.replace(b"<script", b"<script" + mark).replace(b"<style", b"<style" + mark)
