"""What importing costs, step after step, each after those before it: mark 0, and one more after each of STEPS."""

import importlib

STEPS = {
    "standard library": ("argparse", "dataclasses", "hashlib", "json", "logging", "sqlite3", "threading"),
    "numpy": ("numpy",),
    "pyserial, cobs": ("serial", "cobs.cobs"),
    "cryptography": (
        "cryptography.hazmat.primitives.asymmetric.ed25519",
        "cryptography.hazmat.primitives.ciphers.aead",
    ),
    "ai-edge-litert": ("ai_edge_litert.interpreter",),
    "pulsekey": ("device.commands.run",),
}
"""What is imported; whatever `pulsekey run` imports later is the model's loading, and not here."""


def main() -> None:
    """Import all of it."""
    from marks import mark  # beside this, where this is run; STEPS is read elsewhere too

    mark(0)
    for number, modules in enumerate(STEPS.values(), 1):
        for module in modules:
            importlib.import_module(module)
        mark(number)


if __name__ == "__main__":
    main()
