"""The service that is to be replaced: Starlette with its own sessions, `app.py PORT`."""

import os
import socket
import sys
import threading

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import JSONResponse
from starlette.routing import Route


async def login(request):
    if await request.json() != {"user": "alice", "password": "wonderland"}:
        return JSONResponse({"error": "invalid_credentials"}, 401)
    request.session["user"] = "alice"
    return JSONResponse({"ok": True})


async def me(request):
    session = request.session
    return JSONResponse({"service": "python", "user": session.get("user"), "cart": session.get("cart", [])})


async def add(request):
    item = (await request.json())["item"]
    request.session["cart"] = request.session.get("cart", []) + [item]
    return JSONResponse({"ok": True})


async def logout(request):
    request.session.clear()
    return JSONResponse({"ok": True})


app = Starlette(
    routes=[
        Route("/python/login", login, methods=["POST"]),
        Route("/python/me", me),
        Route("/python/add", add, methods=["POST"]),
        Route("/python/logout", logout, methods=["POST"]),
    ],
    middleware=[Middleware(SessionMiddleware, secret_key=os.environ["SESSION_SECRET"])],
)


def main(port):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", int(port)))
    listener.listen()
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))

    def end_with_whoever_started_it():
        sys.stdin.read()
        server.should_exit = True

    threading.Thread(target=end_with_whoever_started_it, daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    server.run(sockets=[listener])


if __name__ == "__main__":
    main(*sys.argv[1:])
