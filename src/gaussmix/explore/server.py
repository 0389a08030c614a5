"""The session behind HTTP, on this machine, for whoever has the address with the token in it.

A page from elsewhere must not steer a server on loopback: every request needs the token in its path, a Host
that is this server (a name that an attacker points at 127.0.0.1 is none), and, where a browser says where
it comes from, an Origin that is this server, too.
"""

from __future__ import annotations

import hmac
import ipaddress
import json
import secrets
import socket
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaussmix.exceptions import DataError, GaussmixError
from gaussmix.explore.session import Session
from gaussmix.explore.settings import FitSettings, checked_integer

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

LARGEST_REQUEST = 1_000_000
"""Bytes. A list of a hundred thousand rows to leave out fits in."""
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_MISSING = (
    "gaussmix explore needs Starlette and uvicorn, which are not installed; install them with "
    "pip install 'gaussmix[explore]'"
)


class Guard:
    """Lets requests through that have the token and come from a page of this server.

    Parameters
    ----------
    app : ASGI application
        Sees the path without the token.
    token : str
    host : str
        What the server is bound to.
    port : int
    """

    def __init__(self, app: ASGIApp, token: str, host: str, port: int) -> None:
        self._app = app
        self._token = token.encode("ascii")
        self._host = host.lower()
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        from starlette.datastructures import Headers

        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal:
            await _plain(refusal, 403)(scope, receive, send)
            return
        path = scope["path"].split("/", 2)
        if len(path) < 3:  # the page's links are relative to the folder of the token
            await _plain("", 307, {"Location": f"{scope['path']}/"})(scope, receive, send)
            return
        inner = {**scope, "path": f"/{path[2]}", "raw_path": None, "root_path": ""}
        await self._app(inner, receive, send)

    def _refusal(self, scope: Scope, headers: Any) -> str:
        """Return why a request is refused; nothing where it is not."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._is_this_server(hosts[0]):
            return "This server is not known under that name: use the address that gaussmix explore printed."
        origin = headers.get("origin")
        if origin is not None and origin != f"http://{hosts[0]}":
            return "Pages from elsewhere may not use this server."
        if scope["method"] not in ("GET", "HEAD") and headers.get("sec-fetch-site", "same-origin") not in (
            "same-origin",
            "none",
        ):
            return "Pages from elsewhere may not use this server."
        given = scope["path"].removeprefix("/").partition("/")[0].encode("utf-8")
        if not hmac.compare_digest(given, self._token):
            return "The address lacks the token: use the address that gaussmix explore printed."
        return ""

    def _is_this_server(self, host: str) -> bool:
        name, colon, port = host.lower().rpartition(":")
        if not colon or port != str(self._port):
            return False
        name = name.removeprefix("[").removesuffix("]")
        if name in ("localhost", self._host):
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        # Bound to all addresses, the server has many; a name that was made to point here is none of them.
        return address.is_loopback or self._host in ("0.0.0.0", "::")  # noqa: S104 - compared, not bound


def application(session: Session, token: str, host: str, port: int) -> ASGIApp:
    """Return the ASGI application.

    Parameters
    ----------
    session : Session
    token : str
        What the path of every request begins with.
    host, port
        Where it is served.

    Raises
    ------
    DataError
        If Starlette is not installed.
    """
    return Guard(_routes(session), token, host, port)


def serve(
    session: Session,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    announce: Callable[[str], None] = lambda address: None,
) -> None:
    """Serve until Ctrl-C, to be called in the main thread.

    What fits warn of is said by the page: meanwhile such warnings are not shown. Filters of warnings belong
    to the whole process, so they are set here, once, and not in the threads of the fits.

    Parameters
    ----------
    session : Session
        Its first fit is begun.
    host : str
        Address or name to bind to.
    port : int
        0 takes a free one.
    announce : callable
        Called with the address, token and all, once the server listens.

    Raises
    ------
    DataError
        If Starlette or uvicorn is not installed, or the address cannot be bound.
    """
    try:
        import uvicorn
    except ImportError:
        raise DataError(_MISSING) from None
    listener = _bound_socket(host, port)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            port = listener.getsockname()[1]
            token = secrets.token_urlsafe(24)
            app = application(session, token, host, port)
            config = uvicorn.Config(
                app, log_level="error", access_log=False, lifespan="off", server_header=False,
                timeout_graceful_shutdown=3, h11_max_incomplete_event_size=65_536,
            )  # fmt: skip
            session.fit(session.settings)
            shown = f"[{host}]" if ":" in host else host
            announce(f"http://{shown}:{port}/{token}/")
            uvicorn.Server(config).run(sockets=[listener])
        except KeyboardInterrupt:  # how it is meant to end
            pass
        finally:
            listener.close()
            session.worker.cancel()


def _bound_socket(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise DataError(f"{host}: no such address on this machine ({error.strerror or error})") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except OSError as error:
        listener.close()
        raise DataError(
            f"{host}, port {port}: cannot listen there ({error.strerror}); take another --port or --host"
        ) from error
    return listener


def _routes(session: Session) -> Starlette:
    try:
        from starlette.applications import Starlette
        from starlette.concurrency import run_in_threadpool
        from starlette.responses import Response
        from starlette.routing import Route
    except ImportError:
        raise DataError(_MISSING) from None

    def page(request: Request) -> Response:
        return Response(session.page(), media_type="text/html", headers=_HEADERS)

    def status(request: Request) -> Response:
        return _json(session.status())

    def fit(document: Any) -> None:
        session.fit(FitSettings.from_json(document, session.table.column_names, session.table.n_rows))

    def merge(document: Any) -> None:
        session.merge(_component(document, "first"), _component(document, "second"))

    def split(document: Any) -> None:
        session.split(_component(document, "component"))

    def name(document: Any) -> None:
        component, text = _component(document, "component"), document.get("name")
        if text is not None and not isinstance(text, str):
            raise DataError("the name should be text")
        session.name(component, text)

    def undo(document: Any) -> None:
        session.undo()

    def cancel(document: Any) -> None:
        session.worker.cancel()

    def labels() -> bytes:
        return session.labels()

    def model() -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            return session.model_file(Path(folder))

    def report() -> bytes:
        return session.report().encode("utf-8")

    def action(act: Callable[[Any], None]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            try:
                document = await _document(request)
                await run_in_threadpool(act, document)
            except GaussmixError as error:
                return _json({"error": str(error)}, 400)
            return _json({"error": None}, 202)

        return endpoint

    def download(make: Callable[[], bytes], media_type: str, name: str) -> Callable[[Request], Response]:
        def endpoint(request: Request) -> Response:
            try:
                content = make()
            except GaussmixError as error:
                return _json({"error": str(error)}, 404)
            disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
            return Response(content, media_type=media_type, headers={**_HEADERS, **disposition})

        return endpoint

    actions = {"fit": fit, "merge": merge, "split": split, "name": name, "undo": undo, "cancel": cancel}
    downloads = {
        "labels.csv": (labels, "text/csv"),
        "model.json": (model, "application/json"),
        "report.html": (report, "text/html"),
    }
    return Starlette(
        routes=[
            Route("/", page),
            Route("/status", status),
            *(Route(f"/{path}", action(act), methods=["POST"]) for path, act in actions.items()),
            *(Route(f"/{path}", download(make, kind, path)) for path, (make, kind) in downloads.items()),
        ]
    )


async def _document(request: Request) -> Any:
    """Return the JSON of a request; a page from elsewhere cannot send this type without being asked first."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise DataError("the request should be JSON")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_REQUEST:
            raise DataError(f"the request is larger than {LARGEST_REQUEST:,} bytes")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise DataError("the request is no valid JSON") from None
    if not isinstance(document, dict):
        raise DataError("the request should be a JSON object")
    return document


def _component(document: dict[str, Any], name: str) -> int:
    return checked_integer(document.get(name), 0, 10**6, f"the number of the {name}")


def _json(document: Any, status: int = 200) -> Response:
    from starlette.responses import JSONResponse

    return JSONResponse(document, status, headers=_HEADERS)


def _plain(text: str, status: int, more: dict[str, str] | None = None) -> Response:
    from starlette.responses import PlainTextResponse

    return PlainTextResponse(text, status, headers={**_HEADERS, **(more or {})})
