"""starlette-session-middleware: its JWT codec, its signer codec, its cookie."""

import base64
import itertools
import json
import warnings

import jwt
from jwt.api_jws import PyJWS
from starlette_session.middleware.codecbackends import DecodeError
from starlette_session.middleware.codecbackends.jwt import JwtCodecBackend
from starlette_session.middleware.codecbackends.signer import SignerCodecBackend
from starlette_session.middleware.storagebackends.cookie import CookieStorageBackend

from documents import STRICTER, objects
from frozen import freeze
from mutations import mutations

NOW = 1735689600
SECRETS = {"HS256": "a secret of 32 bytes, or of more", "HS384": "s" * 48, "HS512": "sécret 😀 " * 10}
MAX_TOKEN_BYTES = 8192

warnings.simplefilter("ignore")


def codec(algorithm="HS256", secret=None):
    return JwtCodecBackend(key=secret or SECRETS[algorithm], algorithm=algorithm)


# Sessions that hold a claim of JWT by accident or on purpose: name, values.
CLAIMS = {
    "aud": ["x", "", None, False, True, 0, 0.0, 1, [], ["x"], [[]], {}, {"a": 1}],
    "sub": ["alice", "", None, 1, ["x"], True, {}],
    "jti": ["id", "", None, 1, [], 1.5],
    "iss": ["issuer", ""],
}
TIMES = [
    NOW - 1, NOW, NOW + 1, NOW - 0.5, NOW + 0.5, NOW + 1.5, 0, -1, 1e300, -1e300, 10**60, True, False, None, [], {}, "", "soon",
    str(NOW), str(NOW + 1), f" {NOW + 1}\n", f"+{NOW + 1}", "-1", "1.5", "9" * 60,
]
CLAIMS |= {"exp": TIMES, "nbf": TIMES, "iat": TIMES}
# Text that Python's `int` takes beyond ASCII digits: nobody writes that.
ODD_TIMES = ["1_735_689_601", "١٧٣٥٦٨٩٦٠١"]


def claim_sessions():
    for name, values in CLAIMS.items():
        for value in values:
            yield {"user": 1, name: value}
            yield {"user": {name: value}}
    yield {"iat": NOW, "nbf": NOW, "exp": NOW + 1, "sub": "a", "jti": "b", "iss": "c", "aud": ""}


def read(token, algorithm="HS256"):
    try:
        return json.dumps(codec(algorithm).decode(token), separators=(",", ":")), "takes it"
    except DecodeError:
        return None, "drops it"
    except Exception as error:  # What the client gets is a 500.
        return None, f"500 ({type(error).__name__})"


def encode_cases():
    freeze(NOW)
    sessions = ((algorithm, session) for algorithm in SECRETS for session in objects(30, algorithm))
    for algorithm, session in itertools.chain(sessions, (("HS256", session) for session in claim_sessions())):
        token = codec(algorithm).encode(session)
        text, python = read(token, algorithm)
        refused = "Python would drop it" if text is None else None
        if text is not None and len(token) > MAX_TOKEN_BYTES:
            refused = "stricter: too long"
        yield {
            "algorithm": algorithm, "secret": SECRETS[algorithm], "now": NOW, "object": json.dumps(session),
            "token": token, "text": text, "refused": refused, "python": python,
        }
    for session in ({"iss": 1}, {"iss": None}):
        try:
            codec().encode(session)
        except TypeError as error:
            yield {"algorithm": "HS256", "secret": SECRETS["HS256"], "now": NOW, "object": json.dumps(session),
                   "token": "", "text": None, "refused": f"500 ({error})", "python": "500"}
        else:
            raise AssertionError("PyJWT writes an issuer that is no text")


def signed(payload, header=None, algorithm="HS256", secret=None):
    """Any payload under any header, with a good signature."""
    header = {"alg": algorithm, "typ": "JWT"} if header is None else header
    encode = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=")  # noqa: E731
    header = header if isinstance(header, bytes) else json.dumps(header).encode()
    message = encode(header) + b"." + encode(payload)
    algorithm = PyJWS().get_algorithm_by_name(algorithm)
    key = algorithm.prepare_key(secret or SECRETS["HS256"])
    return message + b"." + encode(algorithm.sign(message, key))


def judge(why, token, algorithm="HS256", stricter=None):
    freeze(NOW)
    text, python = read(token, algorithm)
    if text is not None and stricter is None:
        if len(token) > MAX_TOKEN_BYTES:
            stricter = "too long"
        elif b"=" in token:
            stricter = "padding"
    if stricter is not None:
        text, why = None, f"{why}; stricter: {stricter}"
    return {
        "algorithm": algorithm, "secrets": [SECRETS[algorithm]], "now": NOW, "token": base64.b64encode(token).decode(),
        "text": text, "why": why, "python": python,
    }


def header_cases():
    good = b'{"user":1}'
    taken = {
        "typ absent": {"alg": "HS256"}, "typ jwt": {"alg": "HS256", "typ": "jwt"}, "typ odd": {"alg": "HS256", "typ": "at+jwt"},
        "more members": {"alg": "HS256", "cty": "x", "x": [1]},
    }
    for why, header in taken.items():
        yield judge(f"header: {why}", signed(good, header))
    stricter = {
        "kid": {"alg": "HS256", "kid": "a"}, "zip": {"alg": "HS256", "zip": "DEF"}, "b64 true": {"alg": "HS256", "b64": True},
        "enc": {"alg": "HS256", "enc": "A256GCM"}, "alg twice": b'{"alg":"none","alg":"HS256"}', "typ is a number": {"alg": "HS256", "typ": 1},
        "UTF-16": '{"alg":"HS256"}'.encode("utf-16"),
    }
    for why, header in stricter.items():
        yield judge(f"header: {why}", signed(good, header), stricter="the header")
    refused = {
        "alg none": {"alg": "none"}, "alg HS512": {"alg": "HS512"}, "alg absent": {"typ": "JWT"}, "alg list": {"alg": ["HS256"]},
        "alg lower case": {"alg": "hs256"}, "crit": {"alg": "HS256", "crit": ["x"], "x": 1}, "crit empty": {"alg": "HS256", "crit": []},
        "b64 false": {"alg": "HS256", "b64": False, "crit": ["b64"]}, "kid number": {"alg": "HS256", "kid": 1}, "list": b"[]", "null": b"null",
        "empty": b"", "no JSON": b"alg", "not UTF-8": b'{"alg":"\xff"}', "alg dict": {"alg": {}},
    }
    for why, header in refused.items():
        case = judge(f"header: {why}", signed(good, header))
        assert case["text"] is None, why
        yield case


def payload_cases():
    payloads = {
        **STRICTER, "list": "[]", "null": "null", "number": "1", "empty": "", "cut": '{"a":1', "UTF-16": '{"a":1}'.encode("utf-16"),
        "not UTF-8": b'{"a":"\xff"}', "BOM": b'\xef\xbb\xbf{"a":1}', "too many digits": '{"a":%s}' % ("9" * 4301),
        "deep": '{"a":' + "[" * 2000 + "]" * 2000 + "}",
    }
    for why, payload in payloads.items():
        payload = payload if isinstance(payload, bytes) else payload.encode("utf-8", "surrogatepass")
        yield judge(f"claims: {why}", signed(payload), stricter="no strict JSON object")
    for session in claim_sessions():
        payload = json.dumps(session, separators=(",", ":"))
        yield judge(f"claims: {payload}", signed(payload.encode()))
    for name, time in itertools.product(("exp", "nbf", "iat"), ODD_TIMES):
        yield judge(f"claims: {name} {time}", signed(json.dumps({name: time}).encode()), stricter="an odd time")
    yield judge("claims: issuer that is no text", signed(b'{"iss":1}'))


def decode_cases():
    yield from header_cases()
    yield from payload_cases()
    for algorithm in SECRETS:
        token = codec(algorithm).encode({"user": "alice", "n": [1, 2.5]}).encode()
        yield judge("untouched", token, algorithm)
        yield judge("another secret", codec(algorithm, "t" * 80).encode({"user": 1}).encode(), algorithm)
        other = "HS512" if algorithm == "HS256" else "HS256"
        confused = jwt.encode({"user": 1}, SECRETS[algorithm], other).encode()
        yield judge("another algorithm", confused, algorithm)
        for why, bad in mutations(token, algorithm):
            yield judge(why, bad, algorithm)


def signer_cases():
    """The signer codec: the same bytes as Starlette's own."""
    freeze(NOW)
    for session in objects(40, "signer"):
        cookie = SignerCodecBackend("starlette-secret").encode(session)
        compact = json.dumps(session, separators=(",", ":"))
        yield {"secret": "starlette-secret", "now": NOW, "object": compact, "text": json.dumps(session), "cookie": cookie}


def set_cookie_cases():
    for name, path, max_age, same_site, https_only in itertools.product(
        ("session", "jwt"), ("/", "/app"), (0, 1, 1209600), ("lax", "strict", "none"), (False, True)
    ):
        storage = CookieStorageBackend(max_age=max_age, session_cookie=name, path=path, same_site=same_site, https_only=https_only)
        persist, clear = {"headers": []}, {"headers": []}
        storage.persist(persist, "data")
        storage.clear(clear)
        arguments = {"session_cookie": name, "path": path, "domain": None, "max_age": max_age, "same_site": same_site, "https_only": https_only}
        unsafe = not https_only and same_site == "none"
        yield {
            "release": 0, "arguments": arguments, "value": "data", "persist": persist["headers"][0][1].decode(),
            "clear": clear["headers"][0][1].decode(), "refused": "stricter: browsers drop it" if unsafe else None,
        }


def cases():
    yield "starlette_jwt_encode", encode_cases()
    yield "starlette_jwt_decode", decode_cases()
    yield "starlette_encode", signer_cases()
    yield "starlette_set_cookie", set_cookie_cases()


# --- what Rust wrote ---------------------------------------------------------------------------


def check(answer):
    freeze(answer["now"])
    session = codec(answer["algorithm"], answer["secret"]).decode(answer["token"])
    assert session == json.loads(answer["object"]), f"Python read {session}"


def check_signer(answer):
    freeze(answer["now"])
    session = SignerCodecBackend(answer["secret"], max_age=60).decode(answer["cookie"])
    assert session == json.loads(answer["object"]), f"Python read {session}"
