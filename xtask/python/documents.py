"""Sessions to write, and JSON in every spelling."""

import json
import random
import struct

FIXED = [
    {"user": 1},
    {"user": "alice", "scopes": ["user", "admin"], "nested": {"a": {"b": [1, 2, {"c": None}]}}},
    {"z": 1, "a": 2, "m": 3, "B": 4, "_": 5, "é": 6},
    {"": "", " ": " ", "a\nb\t\"c\\/": "\x00\x1f\x7f\x80\u2028\ud7ff\ue000\uffff"},
    {"text": "José 😀 \U0010ffff Ünïcödé 日本語"},
    {"true": True, "false": False, "null": None, "empty": [[], {}, ""]},
    {"int": [0, -1, 2**31, 2**53 + 1, 2**63, 2**64, -(2**64), 10**40, -(10**100)]},
    {"float": [0.0, -0.0, 1.0, 0.1, 1e15, 1e16, 1e17, 1e-4, 1e-5, 1e-7, 1.5e300, 5e-324, 1.7976931348623157e308]},
    {"float": [123456789012345678.0, 1234567890123456.7, 0.00012345, 100000.0, 2.5, -3.14159, 1e22, 1e23]},
    {"long": "x" * 2000},
]


def _text(rng):
    alphabets = ["abcxyz", "aé\n\"\\/\t ", "\x00\x01\x1f\x7f", "日本😀\U0010fffd", "\u2028\ufeff~ "]
    return "".join(rng.choice(rng.choice(alphabets)) for _ in range(rng.randrange(12)))


def number(rng):
    """An integer of any size, or any finite double."""
    if rng.random() < 0.4:
        return rng.randrange(-(10 ** rng.randrange(1, 60)), 10 ** rng.randrange(1, 60))
    while True:
        value = struct.unpack("<d", rng.randbytes(8))[0]
        if rng.random() < 0.5:
            value = rng.uniform(-1, 1) * 10 ** rng.randrange(-20, 25)
        if value == value and abs(value) != float("inf"):
            return value


def _value(rng, depth):
    kind = rng.randrange(7 if depth else 5)
    if kind == 0:
        return rng.choice([None, True, False])
    if kind in (1, 2):
        return _text(rng)
    if kind in (3, 4):
        return number(rng)
    if kind == 5:
        return [_value(rng, depth - 1) for _ in range(rng.randrange(4))]
    return {_text(rng): _value(rng, depth - 1) for _ in range(rng.randrange(4))}


def objects(count, seed):
    """Sessions: the fixed ones, and `count` at random."""
    rng = random.Random(seed)
    some = [{_text(rng): _value(rng, 3) for _ in range(1 + rng.randrange(4))} for _ in range(count)]
    return FIXED + [session for session in some if session]


def _spellings(rng):
    """JSON that Python reads, as others would write it."""
    for session in objects(80, "spellings"):
        yield json.dumps(session)
        yield json.dumps(session, ensure_ascii=False)
        yield json.dumps(session, ensure_ascii=False, separators=(" ,", ":\t"), indent=1)
    for text in ["0", "-0", "1E5", "1e+5", "1.0e0", "0e0", "-0.0", "0.10", "100e-2", "1e-400", "12345678901234567890"]:
        yield text
        yield f'{{"n":[{text}]}}'
    for _ in range(150):
        value = abs(number(rng))
        digits, exponent = rng.randrange(1, 25), rng.randrange(-30, 30)
        yield f"{value!r}"
        yield f"{float(value):.{digits}e}".replace("e+", rng.choice(["e", "E", "e+", "E+"]))
        yield f"-{digits}.{rng.randrange(10**20)}e{exponent}"
    # Halfway between two spellings of equal length, and at powers of two.
    for _ in range(40):
        yield repr(rng.randrange(2**49, 2**51) + rng.choice([0.25, 0.75, 0.125, 0.875]))
    for power in range(-1074, 1024, 7):
        yield json.dumps([2.0**power, 2.0**power * (1 - 2**-53), 2.0**power * (1 + 2**-52)])
    yield "9" * 4300
    yield r'"\u00e9\ud83d\ude00\/\b\f\n\r\t\"\\\u0000\u007F"'
    yield " \t\r\n[ ]\n"


# What Python reads, but we refuse. See the docs of `jam_core::python`.
STRICTER = {
    "NaN": '{"a": NaN}',
    "Infinity": "[Infinity]",
    "-Infinity": "-Infinity",
    "infinite as a double": '{"a": 1e400}',
    "a name twice": '{"a": 1, "b": 2, "a": 3}',
    "a name twice, inside": '[{"\\u0061": 1, "a": 3}]',
    "lone high surrogate": '"\\ud800"',
    "lone low surrogate": '{"a": "x\\udfff"}',
    "surrogates the wrong way round": '"\\ude00\\ud83d"',
    "65 levels": "[" * 65 + "]" * 65,
}

# What is no JSON for Python either, or makes it fall over.
BROKEN = [
    "", " ", "{", "}", "[1,]", "{\"a\":1,}", "{'a':1}", "{a:1}", "01", "+1", ".5", "1.", "1e", "--1", "0x10",
    "tru", "nul", "True", "nan", "\"", "\"\\x\"", "\"\\u12\"", "\"a\nb\"", "\"\x1f\"", "[1 2]", "{} {}", "{}x",
    "\ufeff{}", "{\"a\"}", "{\"a\":}", "{1:2}", "9" * 4301, "[" * 200000, "/**/{}", "\u00a0{}",
]


def json_cases():
    for text in _spellings(random.Random("json")):
        value = json.loads(text)
        compact = json.dumps(value, separators=(",", ":"))
        yield {"text": text, "dumps": json.dumps(value), "compact": compact}
    for why, text in STRICTER.items():
        json.loads(text)
        yield {"text": text, "dumps": None, "why": f"stricter: {why}"}
    for text in BROKEN:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            yield {"text": text, "dumps": None, "why": type(error).__name__}
        else:
            raise AssertionError(f"Python reads {text[:40]!r} as {value!r}")
