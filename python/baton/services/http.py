"""One HTTP request with JSON in and out, and waiting for a job that a service runs.

For the clients beside it; blocks have `requests`.
"""

from __future__ import annotations

import base64
import json
import time
import urllib.error
import urllib.parse
import urllib.request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

TIMEOUT_SECONDS = 60.0
_LONGEST_ANSWER = 500


class ServiceError(RuntimeError):
    """A service refused, failed, or was not reached. `status` is its HTTP status, where there is one."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


def request(
    method: str,
    url: str,
    *,
    body: Any = None,
    form: Mapping[str, str] | None = None,
    query: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = TIMEOUT_SECONDS,
) -> Any:
    """The answer: decoded when it is JSON, text otherwise, `None` when it is empty."""
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"a URL of a service starts with http:// or https://, and this one is {url!r}")
    if query:
        given = {name: value for name, value in query.items() if value is not None}
        url = f"{url}{'&' if '?' in url else '?'}{urllib.parse.urlencode(given)}" if given else url
    sent = {"Accept": "application/json", "User-Agent": "baton", **(headers or {})}
    data = None
    if form is not None:
        data = urllib.parse.urlencode(form).encode()
    elif body is not None:
        data = json.dumps(body, default=str).encode()
        sent["Content-Type"] = "application/json"
    asked = urllib.request.Request(url, data=data, headers=sent, method=method)  # noqa: S310 -- checked above
    try:
        with urllib.request.urlopen(asked, timeout=timeout) as answer:  # noqa: S310
            return _decoded(answer.read())
    except urllib.error.HTTPError as error:
        text = error.read().decode("utf-8", "replace").strip()
        shown = f": {text[:_LONGEST_ANSWER]}" if text else ""
        raise ServiceError(f"{_place(url)} answered {error.code} {error.reason}{shown}", error.code) from None
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise ServiceError(f"{_place(url)} was not reached: {getattr(error, 'reason', error)}") from None


def basic(user: str, password: str) -> str:
    """The value of an `Authorization` header with a name and a password."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def wait(
    ask: Callable[[], tuple[bool, str]],
    *,
    interval: float,
    timeout: float | None = None,
    what: str = "the job",
) -> str:
    """Ask until the answer is that it is over, and give the last status; each status is printed."""
    until = None if timeout is None else time.monotonic() + timeout
    while True:
        over, status = ask()
        print(f"Polling {what}. Current status: {status}")  # noqa: T201 -- a block's output is its log
        if over:
            return status
        if until is not None and time.monotonic() >= until:
            raise ServiceError(f"{what} is still {status!r} after {timeout:g} seconds")
        time.sleep(interval)


def setting(config: Any, name: str, default: Any = None) -> Any:
    """One setting of a configuration, which is a dictionary or an object."""
    value = config.get(name) if isinstance(config, dict) else getattr(config, name, None)
    return default if value is None else value


def required(config: Any, name: str, service: str) -> Any:
    """A setting that has to be there."""
    value = setting(config, name)
    if value in (None, "", []):
        raise ValueError(f"the configuration of {service} lacks `{name}`")
    return value


def _place(url: str) -> str:
    """Where a URL leads, without what is secret in it: webhooks carry their key in the path."""
    parts = urllib.parse.urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"


def _decoded(data: bytes) -> Any:
    text = data.decode("utf-8", "replace")
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text
