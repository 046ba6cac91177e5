"""Python Jam's sessions and token lists in Redis: which names it asks for, which values it keeps.

The real `RedisSessions` and `RedisList` run here on a client that notes their commands: what
counts is what would go over the wire."""

import base64
import json
from importlib.metadata import version

from cryptography.fernet import Fernet
from jam import Jam

from documents import STRICTER, objects
from frozen import freeze
from mutations import mutations

JAM = int(version("jamlib").split(".")[0])
NOW = 1735689600
KEY = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="

if JAM == 2:
    from jam.jwt.lists.redis import RedisList
else:
    try:
        from jam.lists.redis import RedisList
    except ImportError:
        from jam.jose.lists.redis import RedisList
from jam.sessions.redis import RedisSessions


class Wire:
    """The client: notes each command, answers `HGET` with what it is told."""

    def __init__(self, value=None):
        self.value, self.commands = value, []

    def __getattr__(self, command):
        def note(*positional, **named):
            self.commands.append((command, positional, named))
            return self.value if command == "hget" else 1

        return note

    def named(self, command):
        return [entry for entry in self.commands if entry[0] == command]


def sessions(wire, prefix="sessions", key=None, ttl=3600):
    ttl = {"default_ttl": ttl} if JAM == 2 else {"ttl": ttl}
    crypt = {} if key is None else {"is_session_crypt": True, "session_aes_secret": key.encode() if JAM == 2 else key}
    return RedisSessions(redis_uri=wire, redis_sessions_key=prefix, **ttl, **crypt)


def written(session):
    """The session as this version writes it."""
    return json.dumps(session) if JAM == 2 else json.dumps(session, sort_keys=True, separators=(",", ": "))


def session_cases():
    freeze(NOW)
    for number, session in enumerate(objects(25, "redis")):
        for key in (None, KEY):
            prefix, session_key = [("sessions", "alice"), ("app", "42"), ("s", "josé 😀"), ("a:b", "")][number % 4]
            ttl = [3600, None, 1][number % 3]
            wire = Wire()
            session_id = sessions(wire, prefix, key, ttl).create(session_key, session)
            [(_, _, hset)] = wire.named("hset")
            expires = [list(positional) for _, positional, _ in wire.named("hexpire")]
            assert expires == ([[hset["name"], ttl, session_id]] if ttl else [])
            yield {
                "jam": JAM, "now": NOW, "prefix": prefix, "key": key, "session_key": session_key, "id": session_id,
                "name": hset["name"], "field": hset["key"], "value": hset["value"], "text": written(session),
            }


def issued_cases():
    """Jam 4's facade chooses the session key itself."""
    freeze(NOW)
    wire = Wire()
    facade = Jam(config={})
    facade.session = sessions(wire)
    session_id = facade.issue({"id": "alice", "name": "Alice"}, via="session", permissions=["read"])
    [(_, _, hset)] = wire.named("hset")
    yield {
        "jam": JAM, "now": NOW, "prefix": "sessions", "key": None, "session_key": "auth", "id": session_id, "name": hset["name"],
        "field": hset["key"], "value": hset["value"], "text": written({"name": "Alice", "permissions": ["read"], "sub": "alice"}),
    }


def id_cases():
    """Ids from outside: the hash that Python would look into, and what we are to do."""
    freeze(NOW)
    encrypted = "J$_" + Fernet(KEY).encrypt(b"alice:8f7c").decode()
    plain = {"ordinary": "alice:8f7c", "two colons": "a:b:c", "no key": ":x", "not ASCII": "josé:1", "foreign": encrypted}
    for why, session_id in plain.items():
        yield judge_id(why, session_id, None, {"foreign": "no colon"}.get(why))
    for why, session_id in {"no colon": "alice", "nothing": "", "no uuid": "alice:", "long": "a" * 2000 + ":1"}.items():
        yield judge_id(why, session_id, None, stricter=why)
    yield judge_id("encrypted", encrypted, KEY)
    yield judge_id("plain", "alice:8f7c", KEY, stricter="it is not encrypted")
    yield judge_id("without its mark", encrypted[3:], KEY, stricter="it is not encrypted")
    for why, text in {"no colon": "alice", "nothing": "", "two colons": "a:b:c"}.items():
        session_id = "J$_" + Fernet(KEY).encrypt(text.encode()).decode()
        yield judge_id(f"encrypted: {why}", session_id, KEY, None if why == "two colons" else why)
    yield judge_id("encrypted: not UTF-8", "J$_" + Fernet(KEY).encrypt(b"\xff:1").decode(), KEY, "no text")
    yield judge_id("another key", "J$_" + Fernet(Fernet.generate_key()).encrypt(b"alice:1").decode(), KEY)
    for why, bad in mutations(encrypted.encode(), "ids"):
        try:
            text = bad.decode()
        except UnicodeDecodeError:
            yield {"jam": JAM, "key": KEY, "id": base64.b64encode(bad).decode(), "name": None, "why": why, "python": "no text"}
            continue
        stricter = None if text == encrypted else "no canonical base64, or no mark"
        yield judge_id(why, text, KEY, stricter)


def judge_id(why, session_id, key, stricter=None):
    wire = Wire()
    try:
        sessions(wire, key=key).get(session_id)
        name, python = wire.named("hget")[0][2]["name"], "asks"
    except Exception as error:
        name, python = None, f"500 ({type(error).__name__})"
    if stricter is not None:
        name, why = None, f"{why}; stricter: {stricter}"
    return {
        "jam": JAM, "key": key, "id": base64.b64encode(session_id.encode()).decode(), "name": name, "why": why, "python": python,
    }


def value_cases():
    """Stored values, good and bad."""
    freeze(NOW)
    texts = {f"JSON, {why}": text for why, text in STRICTER.items()} | {
        "list": "[1]", "number": "1", "null": "null", "text": '"a"', "cut": '{"a": 1', "no JSON": "x", "deep": '{"a":' + "[" * 2000 + "]" * 2000 + "}",
        "BOM": '\ufeff{"a": 1}', "too many digits": '{"a": %s}' % ("9" * 4301), "spaces": ' {"a" : 1}\n', "empty object": "{}",
    }
    good = ("spaces", "empty object")
    for why, text in texts.items():
        for key in (None, KEY):
            stored = text if key is None else "J$_" + Fernet(KEY).encrypt(text.encode("utf-8", "surrogatepass")).decode()
            yield judge_value(why, stored, key, None if why in good else "no strict JSON object")
    yield judge_value("nothing", "", None)
    yield judge_value("plain where encrypted is expected", '{"a": 1}', KEY)
    stored = "J$_" + Fernet(KEY).encrypt(b'{"a": 1}').decode()
    yield judge_value("encrypted where plain is expected", stored, None)
    yield judge_value("encrypted", stored, KEY)
    for number, (why, bad) in enumerate(mutations(stored.encode(), "values", every=2)):
        bad = bad.decode("utf-8", "replace")
        yield judge_value(f"{number}: {why}", bad, KEY, None if bad == stored else "no canonical base64")


def judge_value(why, stored, key, stricter=None):
    session_id = "alice:1" if key is None else "J$_" + Fernet(key).encrypt(b"alice:1").decode()
    try:
        session = sessions(Wire(stored), key=key).get(session_id)
        # Compared by what it means: the text itself is ours to keep.
        text, python = None if session is None else json.dumps(session), "reads it"
    except Exception as error:
        text, python = None, f"500 ({type(error).__name__})"
    if stricter is not None:
        text, why = None, f"{why}; stricter: {stricter}"
    return {"jam": JAM, "key": key, "value": stored, "text": text, "why": why, "python": python}


def list_cases():
    for token in ("a.b.c", "eyJhbGciOiJIUzI1NiJ9.e30.x", "josé"):
        for prefix in ("jwt_list", "blocked", "a:b"):
            for ttl in (None, 60):
                wire = Wire()
                if JAM == 2:
                    RedisList(type="black", redis_uri=wire, in_list_life_time=ttl).add(token)
                else:
                    RedisList(type="black", redis=wire, prefix=prefix, ttl=ttl).add(token)
                [(_, positional, named)] = wire.named("set")
                key, value = (named["name"], named["value"]) if JAM == 2 else positional
                assert named["ex"] == ttl
                yield {"jam": JAM, "prefix": prefix, "token": token, "key": key, "value": value}


def fernet_cases():
    freeze(NOW)
    other = Fernet.generate_key().decode()
    for plain in [b"", b"a", b"x" * 15, b"x" * 16, b"x" * 17, bytes(range(256)), "josé".encode()]:
        for at in (0, 1, NOW, 2**40):
            token = Fernet(KEY).encrypt_at_time(plain, at)
            yield {"key": KEY, "token": base64.b64encode(token).decode(), "plain": base64.b64encode(plain).decode(), "why": "good"}
            yield {"key": other, "token": base64.b64encode(token).decode(), "plain": None, "why": "another key"}
    token = Fernet(KEY).encrypt(b"some text of two blocks")
    for why, bad in mutations(token, "fernet"):
        try:
            Fernet(KEY).decrypt(bad)
            why += "; stricter: no canonical base64"
            assert base64.urlsafe_b64encode(base64.urlsafe_b64decode(bad)) != bad
        except Exception:
            pass
        yield {"key": KEY, "token": base64.b64encode(bad).decode(), "plain": None, "why": why}


def cases():
    yield "jam_session", session_cases()
    if JAM == 4:
        yield "jam_session", issued_cases()
    yield "jam_session_id", id_cases()
    yield "jam_session_value", value_cases()
    yield "jam_list", list_cases()
    yield "fernet", fernet_cases()


# --- what Rust wrote ---------------------------------------------------------------------------


def check(answer):
    """A session that Rust wrote, read by its id and then through update and delete."""
    freeze(answer["now"])
    wire = Wire(answer["value"])
    module = sessions(wire, answer["prefix"], answer["key"])
    assert module.get(answer["id"]) == json.loads(answer["object"])
    module.update(answer["id"], {"a": 1})
    module.delete(answer["id"])
    [hset] = wire.named("hset")
    asked = {named["name"] for _, _, named in wire.named("hget")} | {hset[2]["name"], wire.named("hdel")[0][1][0]}
    assert asked == {answer["name"]}, f"Python asks for {asked}"
    fields = {named["key"] for _, _, named in wire.named("hget")} | {hset[2]["key"], wire.named("hdel")[0][1][1]}
    assert fields == {answer["id"]}, f"Python asks for {fields}"
