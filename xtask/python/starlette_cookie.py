"""Starlette's SessionMiddleware, run as an application would run it."""

import asyncio
import base64
import itertools
import json
import random

import itsdangerous
import starlette
from itsdangerous.encoding import base64_decode, base64_encode
from starlette.middleware.sessions import SessionMiddleware

from documents import STRICTER, objects
from frozen import freeze
from mutations import mutations

NOW = 1735689600
RELEASE = int(starlette.__version__.split(".")[0])
SECRETS = ["starlette-secret", "x", "sécret 😀", "s" * 200]
MAX_VALUE_BYTES = 8192


def middleware(app, secret, **arguments):
    return SessionMiddleware(app, secret_key=secret, **arguments)


def request(make, change, cookie=None, name="session"):
    """One request through the middleware: the session that it found, and its Set-Cookie."""
    seen, sent = [], []

    async def app(scope, receive, send):
        seen.append(json.dumps(scope["session"]) if isinstance(scope["session"], dict) else "no dict")
        change(scope["session"])
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message):
        sent.extend(value for key, value in message["headers"] if key.lower() == b"set-cookie")

    headers = [] if cookie is None else [(b"cookie", name.encode() + b"=" + cookie)]
    asyncio.run(make(app)({"type": "http", "headers": headers}, None, send))
    assert len(sent) <= 1
    return seen[0], sent[0].decode() if sent else None


def signed(payload, secret=SECRETS[0], now=NOW, timestamp=None):
    """Any bytes, signed as a session would be."""
    signer = itsdangerous.TimestampSigner(secret)
    timestamp = base64_encode(itsdangerous.encoding.int_to_bytes(now)) if timestamp is None else timestamp
    return itsdangerous.Signer(secret).sign(payload + signer.sep + timestamp)


def encoded(text):
    return base64.b64encode(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)


# --- what Python writes ------------------------------------------------------------------------


def encode_cases():
    for secret, now, session in itertools.chain(
        ((SECRETS[0], NOW, session) for session in objects(120, "sessions")),
        ((secret, now, {"user": 1}) for secret in SECRETS for now in (0, 1, 255, 256, NOW, 2**32, 2**40)),
    ):
        freeze(now)
        seen, header = request(lambda app: middleware(app, secret), lambda found: found.update(session))
        assert seen == "{}"
        cookie = header.split("=", 1)[1].split(";")[0]
        compact = json.dumps(session, ensure_ascii=False, separators=(",", ":"))
        yield {
            "secret": secret, "now": now, "object": compact, "text": json.dumps(session), "cookie": cookie, "header": header,
        }


def set_cookie_cases():
    freeze(NOW)
    partitioned = (False, True) if RELEASE >= 1 else (False,)
    for name, path, domain, max_age, same_site, https_only, parted in itertools.product(
        ("session", "__Host-s.x"), ("/", "/app", ""), (None, "example.org"), (None, 0, 1, 1209600),
        ("lax", "strict", "none"), (False, True), partitioned,
    ):
        arguments = {"session_cookie": name, "path": path, "domain": domain, "max_age": max_age, "same_site": same_site, "https_only": https_only}
        if parted:
            arguments["partitioned"] = True
        make = lambda app: middleware(app, SECRETS[0], **arguments)  # noqa: E731
        _, persist = request(make, lambda found: found.update(user=1))
        value = persist.split("=", 1)[1].split(";")[0]
        _, clear = request(make, lambda found: found.clear(), value.encode(), name)
        unsafe = not https_only and (same_site == "none" or parted)
        why = "stricter: browsers drop it" if unsafe else None
        yield {"release": RELEASE, "arguments": arguments, "value": value, "persist": persist, "clear": clear, "refused": why}


# --- what Python reads -------------------------------------------------------------------------


def is_canonical(cookie):
    """Whether the parts are base64 as Python itself writes it."""
    try:
        payload, timestamp, tag = cookie.rsplit(b".", 2)
        return (
            base64.b64encode(base64.b64decode(payload)) == payload
            and base64_encode(base64_decode(timestamp)) == timestamp
            and base64_encode(base64_decode(tag)) == tag
        )
    except (ValueError, itsdangerous.BadData):
        return False


def judge(why, cookie, max_age=1209600, now=NOW, stricter=None):
    """What the middleware makes of a cookie, and what we are to make of it."""
    freeze(now)
    try:
        seen, _ = request(lambda app: middleware(app, SECRETS[0], max_age=max_age), lambda found: None, cookie)
    except Exception as error:  # What the client gets is a 500.
        python, text = f"500 ({type(error).__name__})", None
    else:
        python, text = ("takes it", seen) if seen not in ("{}", "no dict") else ("refuses", None)
    if text is not None and stricter is None:
        if len(cookie) > MAX_VALUE_BYTES:
            stricter = "too long"
        elif not is_canonical(cookie):
            stricter = "no canonical base64"
    if stricter is not None:
        text, why = None, f"{why}; stricter: {stricter}"
    return {
        "secrets": [SECRETS[0]], "now": now, "max_age": max_age, "cookie": base64.b64encode(cookie).decode(),
        "text": text, "why": why, "python": python,
    }


def time_cases():
    cookie = signed(encoded('{"user": 1}'))
    for max_age, passed in itertools.product((None, 0, 1, 3600), (-NOW, -3600, -1, 0, 1, 2, 3600, 3601, 10**9)):
        yield judge(f"{passed} s later, max_age {max_age}", cookie, max_age, NOW + passed)


def signed_but_malformed_cases():
    payloads = {
        **{f"JSON, {why}": text for why, text in STRICTER.items()},
        "no object: list": "[]", "no object: pairs": '[["a", 1]]', "no object: number": "1", "no object: text": '"a"',
        "no object: null": "null", "empty": "", "cut short": '{"a": 1', "two documents": "{} {}", "no JSON": "user=1",
        "not UTF-8": b'{"a": "\xff"}', "UTF-16": '{"a": 1}'.encode("utf-16"), "UTF-32": '{"a": 1}'.encode("utf-32"),
        "BOM": b'\xef\xbb\xbf{"a": 1}', "raw surrogate": '{"a": "\ud800"}', "too many digits": '{"a": %s}' % ("9" * 4301),
        "deep": '{"a": ' + "[" * 2000 + "]" * 2000 + "}", "control character": '{"a": "\n"}', "pickle": b"\x80\x04N.",
    }
    # Where Python takes it (or something like it), we do not.
    for why, payload in payloads.items():
        yield judge(f"signed: {why}", signed(encoded(payload)), stricter="no strict JSON object")
    for why, payload in {
        "not base64": b"{}", "no padding": b"e30", "surplus padding": b"eyJhIjogMX0==", "one character": b"e",
        "stray bits": b"eyJhIjoxfR==", "url-safe": base64.urlsafe_b64encode('{"a": "\xff\xfe??>>"}'.encode("latin-1")),
        "white space": b"eyJh IjogMX0=", "dots": b"e30=.e30=", "nothing": b"", "not ASCII": "é".encode(),
    }.items():
        yield judge(f"signed: payload {why}", signed(payload), stricter="no canonical base64")
    good = encoded('{"user": 1}')
    for why, timestamp in {
        "empty": b"", "nine bytes": b"AQEBAQEBAQEB", "padded": base64_encode(b"\x00" * 4 + NOW.to_bytes(4, "big")),
        "eight bytes": base64_encode(NOW.to_bytes(8, "big")), "greatest": base64_encode(b"\xff" * 8), "no base64": b"!!",
        "decimal": str(NOW).encode(), "with '='": base64_encode(NOW.to_bytes(4, "big")) + b"==", "one character": b"Z",
    }.items():
        for max_age in (None, 1209600):
            yield judge(f"signed: timestamp {why}, max_age {max_age}", signed(good, timestamp=timestamp), max_age)


def forged_cases():
    good = encoded('{"user": 1}')
    signer = itsdangerous.TimestampSigner
    freeze(NOW)
    for why, cookie in {
        "another secret": signed(good, secret="other"),
        "another salt": signer(SECRETS[0], salt="cookie-session").sign(good),
        "another key derivation": signer(SECRETS[0], key_derivation="hmac").sign(good),
        "no key derivation": signer(SECRETS[0], key_derivation="none").sign(good),
        "SHA-256": signer(SECRETS[0], digest_method=__import__("hashlib").sha256).sign(good),
        "no timestamp": itsdangerous.Signer(SECRETS[0]).sign(good),
        "no signature": good + b".Z3SFgA.", "only dots": b"..", "cleared": b"null",
        "the payload of another": b"eyJ1c2VyIjogMn0=" + signed(good)[len(good):],
    }.items():
        yield judge(why, cookie)


def decode_cases():
    yield from time_cases()
    yield from signed_but_malformed_cases()
    yield from forged_cases()
    rng = random.Random("mutated")
    for number, session in enumerate(rng.sample(objects(60, "mutated"), 4) + [{"user": 1}]):
        cookie = signed(encoded(json.dumps(session)))
        yield judge("untouched", cookie)
        # A comma, a semicolon or a space would make it several cookies, or another one.
        for why, bad in mutations(cookie, number, every=1 + len(cookie) // 150):
            yield judge(why, bad)
    yield judge("a session of 1 MiB", signed(encoded(json.dumps({"a": "x" * (1 << 20)}))))


def ring_cases():
    """itsdangerous knows rings, the oldest secret first; Starlette passes it one only."""
    freeze(NOW)
    ring = ["first", "second", "third"]
    for secret in ring:
        cookie = itsdangerous.TimestampSigner(ring).unsign(signed(encoded('{"user": 1}'), secret), return_timestamp=False)
        assert cookie == encoded('{"user": 1}')
        yield {
            "secrets": ring, "now": NOW, "max_age": 60, "text": '{"user": 1}', "why": f"signed with {secret}", "python": "takes it",
            "cookie": base64.b64encode(signed(encoded('{"user": 1}'), secret)).decode(),
        }


def cases():
    yield "starlette_encode", encode_cases()
    yield "starlette_set_cookie", set_cookie_cases()
    yield "starlette_decode", itertools.chain(decode_cases(), ring_cases())


# --- what Rust wrote ---------------------------------------------------------------------------


def check_flow(answer):
    """A cookie of a Rust service: Python goes on with the session, and clears it."""
    check(answer)
    make = lambda app: middleware(app, answer["secret"])  # noqa: E731
    _, header = request(make, lambda found: found.update(python=1), answer["cookie"].encode())
    again = header.split("=", 1)[1].split(";")[0]
    seen, cleared = request(make, lambda found: found.clear(), again.encode())
    assert json.loads(seen) == {**json.loads(answer["object"]), "python": 1}, f"Python kept {seen}"
    assert cleared == answer["cleared"], f"Python clears by {cleared}"


def check(answer):
    """A cookie that Rust wrote, through the real middleware."""
    freeze(answer["now"])
    seen, _ = request(
        lambda app: middleware(app, answer["secret"], max_age=60), lambda found: None, answer["cookie"].encode()
    )
    assert json.loads(seen) == json.loads(answer["object"]), f"Python read {seen}"
