"""What a UART at the wrong rate makes of bytes: 8 data bits, no parity, 1 stop bit."""

BITS = 10
"""A start bit, which is low, eight data bits with the lowest first, and a stop bit, which is high, as the idle line."""


def resampled(data: bytes, period: float) -> bytes:
    """What is read of ``data``, sent without a pause, by a UART whose bits are ``period`` of the sender's long.

    A falling edge starts a byte, each bit is read in its middle, and a start bit that is high there was
    none. A low stop bit is no obstacle, as to a tty that does not check: the next falling edge starts the
    next byte.
    """
    line = [level for byte in data for level in (0, *((byte >> i) & 1 for i in range(8)), 1)]
    edges = [i for i, level in enumerate(line) if not level and (i == 0 or line[i - 1])]
    read, free_at = bytearray(), 0.0
    for edge in edges:
        if edge < free_at or _level(line, edge + 0.5 * period):
            continue
        bits = [_level(line, edge + (1.5 + i) * period) for i in range(8)]
        read.append(sum(bit << i for i, bit in enumerate(bits)))
        free_at = edge + (BITS - 0.5) * period
    return bytes(read)


def _level(line: list[int], at: float) -> int:
    return line[int(at)] if at < len(line) else 1
