"""The wire's envelope by plain loops: what is damage must not be decided by the decoder under test."""


def crc_table() -> list[int]:
    """CRC-16/CCITT-FALSE of each byte."""
    table = []
    for byte in range(256):
        crc = byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
        table.append(crc)
    return table


_TABLE = crc_table()


def crc(data: bytes) -> int:
    """The CRC of ``data``; over a body with its own CRC behind it, 0."""
    value = 0xFFFF
    for byte in data:
        value = (value << 8 ^ _TABLE[value >> 8 ^ byte]) & 0xFFFF
    return value


def uncobs(piece: bytes) -> bytes | None:
    """What a piece without zeros stands for; None if its code bytes do not add up."""
    out = bytearray()
    at = 0
    while at < len(piece):
        code = piece[at]
        if at + code > len(piece):
            return None
        out += piece[at + 1 : at + code]
        at += code
        if at < len(piece) and code < 255:
            out.append(0)
    return bytes(out)


def is_sealed(piece: bytes) -> bool:
    """Whether a piece of the stream has the envelope of a frame: COBS and a CRC that is right."""
    body = uncobs(piece)
    return body is not None and len(body) > 2 and crc(body) == 0
