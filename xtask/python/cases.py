"""Writes the cases of one environment as JSON lines: `cases.py ENVIRONMENT FOLDER`."""

import json
import pathlib
import sys


def kinds(environment):
    if environment.startswith("jam"):
        import jam_sessions
        import jam_tokens

        yield from jam_tokens.cases()
        yield from jam_sessions.cases()
        return
    import starlette_cookie

    yield from starlette_cookie.cases()
    if environment == "starlette0":
        import starlette_jwt

        yield from starlette_jwt.cases()
    else:
        import documents

        yield "json", documents.json_cases()


def main(environment, folder):
    lines = {}
    for kind, cases in kinds(environment):
        lines.setdefault(kind, []).extend(json.dumps(case) for case in cases)
    for kind, cases in lines.items():
        assert cases, f"no case of {kind}"
        path = pathlib.Path(folder) / f"{kind}-{environment}.jsonl"
        path.write_text("\n".join(cases) + "\n", encoding="utf-8")
    print(f"{environment}: {sum(map(len, lines.values()))} cases")


if __name__ == "__main__":
    main(*sys.argv[1:])
