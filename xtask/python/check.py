"""Reads with the real packages what Rust wrote: `check.py ENVIRONMENT FOLDER`."""

import json
import pathlib
import sys


def checks(environment):
    """Each kind of answer with what reads it here."""
    if environment.startswith("jam"):
        import jam_sessions
        import jam_tokens

        return {"jam_token": [jam_tokens.check], "jam_session": [jam_sessions.check]}
    import starlette_cookie

    starlette = {"starlette": [starlette_cookie.check], "starlette_flow": [starlette_cookie.check_flow]}
    if environment == "starlette1":
        return starlette
    import starlette_jwt

    starlette["starlette"].append(starlette_jwt.check_signer)
    starlette["starlette_flow"].append(starlette_jwt.check_signer)
    jwt = [starlette_jwt.check]
    return {**starlette, "starlette_jwt": jwt, "starlette_jwt_flow": jwt}


def main(environment, folder):
    count = failed = 0
    for kind, functions in checks(environment).items():
        answers = (pathlib.Path(folder) / f"{kind}.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
        assert answers, f"Rust wrote no {kind}"
        for number, line in enumerate(answers, 1):
            for function in functions:
                count += 1
                try:
                    function(json.loads(line))
                except Exception as error:
                    failed += 1
                    print(f"{kind}.jsonl:{number}: {type(error).__name__}: {error}", file=sys.stderr)
    print(f"{environment}: {count} answers of Rust read, {failed} refused")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
