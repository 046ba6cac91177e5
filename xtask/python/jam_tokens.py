"""Tokens of Python Jam 2, 3 and 4, made through the same facade that its users call."""

import base64
import json
import logging
import warnings
from functools import lru_cache
from importlib.metadata import version

from cryptography.hazmat.primitives import serialization as pem
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jam import Jam

from documents import objects
from frozen import freeze
from mutations import mutations

JAM = int(version("jamlib").split(".")[0])
NOW = 1735689600
SECRETS = {"HS256": "a secret of 32 bytes, or of more", "HS384": "s" * 48, "HS512": "sécret 😀 " * 10}
CURVES = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}

logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")


@lru_cache
def private_key(family):
    """A private key as PEM: RSA, or on the curve of the algorithm."""
    key = ec.generate_private_key(CURVES[family]()) if family in CURVES else rsa.generate_private_key(65537, 2048)
    return key.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.PKCS8, pem.NoEncryption()).decode()


def public_pem(private):
    key = pem.load_pem_private_key(private.encode(), None).public_key()
    return key.public_bytes(pem.Encoding.PEM, pem.PublicFormat.SubjectPublicKeyInfo).decode()


def key_for(algorithm):
    """What signs, and the same as a case holds it."""
    if algorithm in SECRETS:
        return SECRETS[algorithm], {"secret": SECRETS[algorithm]}
    private = private_key(algorithm if algorithm in CURVES else "RSA")
    return private, {"private_pem": private, "public_pem": public_pem(private)}


def jam(algorithm, key=None, **settings):
    key = key or key_for(algorithm)[0]
    if JAM == 2:
        keys = {"secret_key": key} if algorithm in SECRETS else {"private_key": key, "public_key": public_pem(key)}
        return Jam(config={"jwt": {"alg": algorithm, **keys, **settings}})
    return Jam(config={"jose": {"jwt": {"alg": algorithm, "secret_key": key, **settings}}})


def decode(facade, token):
    """The claims, as each version's users ask for them."""
    if JAM == 2:
        return facade.jwt_verify_token(token, check_exp=True, check_list=False)
    if JAM == 3:
        return facade.jwt_decode(token, check_exp=True, check_list=False, check_nbf=True)
    return facade.jwt.decode(token)["payload"]


def encode(facade, data, exp=600, **claims):
    if JAM == 2:
        data = data | claims
        # `exp` is an argument here, so that it cannot come with the data as well.
        own = {"exp": data["exp"]} if "exp" in data else {}
        data = {name: value for name, value in data.items() if name != "exp"}
        return facade.jwt_create_token(facade.jwt_make_payload(exp, data) | own)
    if JAM == 3:
        return facade.jwt_encode(exp=exp, payload=data, **claims)
    return facade.jwt.encode(exp=exp, payload=data, **claims)


# --- tokens ------------------------------------------------------------------------------------


def case(why, token, algorithm, error=None, now=NOW, settings=None, key=None, kid=None):
    """A token, what Python makes of it, and what we are to make of it: None is acceptance, `any`
    some refusal, and a refusal of what Python takes says why."""
    freeze(now)
    token = token if isinstance(token, bytes) else token.encode()
    try:
        claims = json.dumps(decode(jam(algorithm), token.decode()))
        python = "takes it"
    except Exception as failure:
        claims, python = None, type(failure).__name__
    assert error or claims, f"{why}: Jam {JAM} says {python}"
    freeze(NOW)
    return {
        "jam": JAM, "algorithm": algorithm, "key": key or key_for(algorithm)[1], "kid": kid, "now": now,
        "settings": settings or {}, "token": base64.b64encode(token).decode(), "claims": None if error else claims,
        "error": error, "why": why, "python": python,
    }


def algorithms():
    """Each with the legacy switch without which we refuse it."""
    yield from (("HS256", None), ("RS256", None))
    if JAM == 2:
        # Signed with SHA-256 whatever the label says.
        yield from ((name, "jam2") for name in ("HS384", "HS512", "RS384", "RS512"))
        return
    yield from ((name, None) for name in ("HS384", "HS512", "RS384", "RS512", "ES256", "ES384"))
    # The salt is as long as it can be; RFC 7518 wants it as long as the digest.
    yield from ((name, "jam-pss") for name in ("PS256", "PS384", "PS512"))


def algorithm_cases():
    for algorithm, legacy in algorithms():
        facade = jam(algorithm)
        # An RSA key is checked at length, each time it is used.
        samples = objects(4, f"tokens {algorithm}")[-2 if algorithm[:2] in ("RS", "PS") else 0 :]
        for number, data in enumerate(samples):
            freeze(NOW + 0.75)
            token, why = encode(facade, data), f"{algorithm} with sample {number}"
            yield case(why, token, algorithm, legacy and "bad_signature", NOW + 1)
            for switch in ("jam2", "jam-pss"):
                error = "bad_signature" if legacy not in (None, switch) else None
                yield case(f"{why}, legacy {switch}", token, algorithm, error, NOW + 1, {"legacy": switch})
    if JAM > 2:
        token = encode(jam("ES512"), {"user": 1})
        yield case("ES512", token, "ES512", "disallowed_alg", key={"secret": SECRETS["HS256"]})


def claim_cases():
    """What the claims say, and when it is."""
    facade = jam("HS256")
    freeze(NOW)
    token = encode(facade, {"sub": "alice", "scope": "user admin"})
    for now, error in ((NOW, None), (NOW + 599, None), (NOW + 600, "expired"), (NOW + 601, "expired"), (NOW - 1000, None)):
        yield case(f"{now - NOW} s later", token, "HS256", error, now)
    yield case("audience without ours", encode(facade, {"user": 1}, aud="api"), "HS256", "wrong_audience")
    yield case("audience", encode(facade, {"user": 1}, aud="api"), "HS256", settings={"audience": "api"})
    yield case("another audience", encode(facade, {"user": 1}, aud="api"), "HS256", "wrong_audience", settings={"audience": "b"})
    yield case("issuer", encode(facade, {"user": 1}, iss="jam"), "HS256", settings={"issuer": "jam"})
    yield case("another issuer", encode(facade, {"user": 1}, iss="jam"), "HS256", "wrong_issuer", settings={"issuer": "b"})
    yield case("sub is a number", encode(facade, {"sub": 1}), "HS256", "malformed_claim")
    yield case("another secret", encode(jam("HS256", "t" * 32), {"user": 1}), "HS256", "bad_signature")
    yield case("another algorithm", encode(jam("HS512", SECRETS["HS256"]), {"user": 1}), "HS256", "disallowed_alg")
    yield case("exp overwritten", encode(facade, {"exp": NOW + 5}), "HS256")
    yield case("exp as text", encode(facade, {"exp": str(NOW + 5)}), "HS256", "malformed_claim")
    if JAM == 2:
        yield case("nbf to come", encode(facade, {"nbf": NOW + 1}), "HS256", "not_yet_valid")
        yield case("no lifetime given", encode(facade, {"user": 1}, exp=None), "HS256")
        return
    yield case("nbf now", encode(facade, {"user": 1}, nbf=0), "HS256")
    yield case("nbf to come", encode(facade, {"user": 1}, nbf=1), "HS256", "not_yet_valid")
    yield case("no lifetime given", encode(facade, {"user": 1}, exp=None), "HS256", "missing_claim")
    yield case("no lifetime given, allowed", encode(facade, {"user": 1}, exp=None), "HS256", settings={"allow_missing_exp": True})
    yield case("own id", encode(facade, {"user": 1}, jti="42"), "HS256")
    typed = encode(facade, {"user": 1}, header={"typ": "at+jwt"})
    yield case("typ at+jwt", typed, "HS256", "wrong_type")
    yield case("kid", encode(facade, {"user": 1}, header={"kid": "k"}), "HS256", kid="k")
    yield case("unknown kid", encode(facade, {"user": 1}, header={"kid": "k"}), "HS256", "unknown_key")
    yield case("crit", encode(facade, {"user": 1}, header={"crit": ["x"]}), "HS256", "unsupported_critical_header")


def issued_cases():
    """The verbs that differ from version to version."""
    freeze(NOW)
    if JAM == 3:
        from jam.jwt import create_instance

        for algorithm in ("HS256", "ES256"):
            old = create_instance(alg=algorithm, secret=key_for(algorithm)[0])
            token = old.encode({"user": "josé", "exp": NOW + 60})
            yield case(f"deprecated jam.jwt, {algorithm}", token, algorithm)
    if JAM == 4:
        facade = jam("HS256")
        token = facade.issue({"id": "alice", "name": "Alice"}, via="jwt", exp=60, permissions=["read", "write"])
        yield case("issue", token, "HS256")
        yield case("issue for a number", facade.issue({"id": 1}, via="jwt", exp=60), "HS256", "malformed_claim")


def is_canonical(token):
    parts = token.split(b".")
    decode = lambda part: base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))  # noqa: E731
    try:
        return all(base64.urlsafe_b64encode(decode(part)).rstrip(b"=") == part for part in parts)
    except ValueError:
        return False


def mutated_cases():
    freeze(NOW)
    token = encode(jam("HS256"), {"sub": "alice", "n": [1, 2.5]}).encode()
    for why, bad in mutations(token, "tokens"):
        try:
            bad.decode()
        except UnicodeDecodeError:
            result = case(why, b"", "HS256", "any")
            yield result | {"token": base64.b64encode(bad).decode(), "python": "no text"}
            continue
        result = case(why, bad, "HS256", "any")
        if result["python"] == "takes it" and is_canonical(bad) and len(bad) <= 8192:
            yield case(why, bad, "HS256")
        else:
            stricter = "; stricter: no canonical base64" if result["python"] == "takes it" else ""
            yield result | {"why": why + stricter}


def token_cases():
    yield from algorithm_cases()
    yield from claim_cases()
    yield from issued_cases()
    yield from mutated_cases()


def payload_cases():
    """`make_payload`, or what stands in its place in a new token."""
    facade = jam("HS256")
    samples = [{}, {"user": 1}, {"sub": "alice", "scope": "a b"}, {"jti": "mine"}, {"iat": 5}, {"nested": {"a": [1.5]}}]
    if JAM > 2:
        samples.append({"exp": NOW + 9})
    for number, data in enumerate(samples):
        for lifetime in (1, 600, None) if JAM == 2 else (1, 600):
            freeze(NOW + 0.25)
            if JAM == 2:
                claims = facade.jwt_make_payload(lifetime, data)
            elif JAM == 3 and number % 2:
                claims = facade.jwt_make_payload(lifetime, data)
            else:
                claims = decode(facade, encode(facade, data, lifetime))
            yield {"jam": JAM, "now": NOW, "expires_in": lifetime, "data": json.dumps(data), "claims": json.dumps(claims)}


def key_cases():
    """For the tokens that Rust signs."""
    for algorithm in ("HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384"):
        if JAM > 2 or algorithm[:2] in ("HS", "RS"):
            yield {"jam": JAM, "algorithm": algorithm, "key": key_for(algorithm)[1]}


def cases():
    yield "jam_token", token_cases()
    yield "jam_payload", payload_cases()
    yield "jam_key", key_cases()


# --- what Rust wrote ---------------------------------------------------------------------------


def refusal(algorithm):
    """Why this version refuses what we sign with an algorithm, if it does."""
    if JAM == 2 and not algorithm.endswith("256"):
        return "it hashes with SHA-256 whatever the label says"
    return None


def check(answer):
    if answer["jam"] != JAM:
        return
    algorithm = answer["algorithm"]
    freeze(answer["now"])
    facade = jam(algorithm, answer["key"].get("secret") or answer["key"]["private_pem"])
    try:
        claims = decode(facade, answer["token"])
    except Exception as error:
        assert refusal(algorithm), f"Jam {JAM} refuses a token of ours ({algorithm}): {type(error).__name__}"
        return
    assert not refusal(algorithm), f"Jam {JAM} takes {algorithm}, which it did not: change the docs"
    assert claims == json.loads(answer["claims"]), f"Python read {claims}"
