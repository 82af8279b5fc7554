"""Stands in for the web: a proxy that answers for known addresses, in TLS, and later refuses all others.

Environments are made over the network, so the proxy passes on what it does not know until `close` is called.
"""

from __future__ import annotations

import os
import select
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import urlsplit

_PATIENCE = 60.0
_LONGEST_HEAD = 1 << 16


class StandIn:
    """The proxy, in threads of this process."""

    def __init__(self, folder: Path, hosts: Iterable[str]) -> None:
        self._pages: dict[str, Callable[[], bytes]] = {}
        self._is_open = True
        names = sorted(set(hosts))
        certificate = _certificate(folder, names)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, certificate.with_suffix(".key"))
        self._hosts = set(names)
        self._bundle = folder / "bundle.pem"
        known = ssl.get_default_verify_paths().cafile
        before = Path(known).read_text() if known else ""
        self._bundle.write_text(before + certificate.read_text())
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._listen, daemon=True).start()

    def serve(self, pages: dict[str, Callable[[], bytes]]) -> None:
        """Answer with these pages, and let others through until `close`."""
        self._pages = pages
        self._is_open = True

    def close(self) -> None:
        """From now on there is no other network."""
        self._is_open = False

    def environ(self) -> dict[str, str]:
        """Variables that lead the programs of a run here."""
        proxy = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        bundle = str(self._bundle)
        names = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")
        trust = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
        return {**dict.fromkeys(names, proxy), **dict.fromkeys(trust, bundle), "NO_PROXY": "127.0.0.1,localhost"}

    def _listen(self) -> None:
        while True:
            client, _ = self._listener.accept()
            threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        with client:
            client.settimeout(_PATIENCE)
            try:
                method, target = _request(client)
                host, _, port = target.partition(":")
                if method == "CONNECT" and host in self._hosts:
                    client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                    with self._context.wrap_socket(client, server_side=True) as secured:
                        _, path = _request(secured)
                        self._page(secured, f"https://{host}{path}")
                elif method == "CONNECT" and self._is_open:
                    with socket.create_connection((host, int(port)), _PATIENCE) as server:
                        client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                        _pass_on(client, server)
                else:
                    client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            except OSError:
                pass  # the client hears it by the end of the connection

    def _page(self, client: socket.socket, address: str) -> None:
        # Queries say how, not what.
        page = self._pages.get(address.partition("?")[0])
        status, body = ("200 OK", page()) if page is not None else ("404 Not Found", b"nobody stands in for this")
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        client.sendall(head.encode() + body)


def host_of(address: str) -> str:
    """The host of an address."""
    return urlsplit(address).hostname or ""


def _request(client: socket.socket) -> tuple[str, str]:
    """Method and target of a request; its other lines say nothing that matters here."""
    head = b""
    while b"\r\n\r\n" not in head:
        more = client.recv(4096)
        if not more or len(head) > _LONGEST_HEAD:
            raise ConnectionError("the request has no end")
        head += more
    method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
    return method, target


def _pass_on(client: socket.socket, server: socket.socket) -> None:
    other = {client: server, server: client}
    while True:
        ready, _, _ = select.select(list(other), [], [], _PATIENCE)
        if not ready:
            return
        for one in ready:
            data = one.recv(1 << 16)
            if not data:
                return
            other[one].sendall(data)


def _certificate(folder: Path, hosts: list[str]) -> Path:
    """A certificate of its own for these hosts."""
    path = folder / "web.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=corpus"),
            *("-addext", "subjectAltName=" + ",".join(f"DNS:{host}" for host in hosts)),
            *("-addext", "keyUsage=critical,digitalSignature,keyCertSign"),
            *("-keyout", str(path.with_suffix(".key")), "-out", str(path)),
        ],
        check=True,
        capture_output=True,
        env={**os.environ, "OPENSSL_CONF": os.environ.get("OPENSSL_CONF", "/etc/ssl/openssl.cnf")},
    )
    return path
