"""What an attacker, or a bad proxy, makes of a good value."""

import random


def mutations(value, seed, every=1):
    """Each `every`-th byte with a flipped bit, each such length cut short, and things added."""
    rng = random.Random(seed)
    for position in range(0, len(value), every):
        flipped = bytearray(value)
        flipped[position] ^= 1 << rng.randrange(8)
        yield f"bit flipped at {position}", bytes(flipped)
        yield f"cut at {position}", value[:position]
    for what in (b"=", b"==", b".", b"A", b"\x00", b"\xff", b"\xc3\xa9", b"%3D", b"\xed\xa0\x80"):
        yield f"{what!r} behind", value + what
        yield f"{what!r} in front", what + value
        middle = len(value) // 2
        yield f"{what!r} inside", value[:middle] + what + value[middle:]
    yield "twice", value + value
    yield "upper case", value.upper()
    yield "reversed", value[::-1]
    yield "nothing", b""
    yield "dots", b"..."
    yield "random bytes", rng.randbytes(200)
    yield "huge", value * (1 + (1 << 20) // len(value))
    yield "huge dots", b"." * (1 << 20)
