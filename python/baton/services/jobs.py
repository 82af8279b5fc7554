"""Jobs that other tools run: Airbyte, Stitch, Hightouch, dbt Cloud, monitors of Metaplane.

A client starts a job and, unless told otherwise, waits until it is over; a job that did not succeed raises
`ServiceError`. Each client takes `url` to reach a server of one's own.
"""

from __future__ import annotations

import json
import time

from baton.services.http import TIMEOUT_SECONDS, ServiceError, basic, request, required, setting, wait

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

_AIRBYTE_CLOUD = "https://api.airbyte.com"
_DBT_RUN = {1: "Queued", 2: "Starting", 3: "Running", 10: "Success", 20: "Error", 30: "Cancelled"}
_DBT_OVER = ("Success", "Error", "Cancelled")
_HIGHTOUCH_OVER = ("success", "warning", "failed", "cancelled", "interrupted")


class Airbyte:
    """Syncs of an Airbyte server, or with `use_cloud` of Airbyte Cloud: `Airbyte(host='localhost').run_sync(id)`."""

    def __init__(self, config: Any = None, **settings: Any) -> None:
        self.config: dict[str, Any] = {**(config or {}), **settings}
        self.use_cloud = bool(self.config.get("use_cloud"))
        scheme = "https" if self.config.get("use_ssl") else "http"
        place = f"{setting(self.config, 'host', 'host.docker.internal')}:{setting(self.config, 'port', 8000)}"
        server = f"{scheme}://{place}/api/{setting(self.config, 'api_version', 'v1')}"
        self.url = str(setting(self.config, "url", _AIRBYTE_CLOUD if self.use_cloud else server)).rstrip("/")
        self.timeout = TIMEOUT_SECONDS
        self._token: str | None = None

    def is_healthy(self) -> bool:
        """Whether the server answers that it is available."""
        answer = request("GET", f"{self.url}/health", headers=self._headers(), timeout=self.timeout)
        return isinstance(answer, dict) and bool(answer.get("available"))

    def run_sync(
        self,
        connection_id: str,
        poll_interval: float = 10,
        timeout: float = TIMEOUT_SECONDS,
        poll_timeout: float | None = None,
    ) -> Any:
        """Start the sync of a connection, wait for it, and give what the server says of the job.

        `timeout` is for one request, `poll_timeout` for the whole.
        """
        self.timeout = timeout
        job = self.start_sync(connection_id)
        latest = {"job": job}

        def ask() -> tuple[bool, str]:
            latest["job"] = self.get_job(_job_of(job)["id"])
            status = str(_job_of(latest["job"])["status"])
            return status in ("succeeded", "failed", "cancelled", "incomplete"), status

        status = wait(
            ask, interval=poll_interval, timeout=poll_timeout, what=f"the Airbyte job of connection {connection_id}"
        )
        if status != "succeeded":
            raise ServiceError(f"the Airbyte sync of connection {connection_id} ended as {status!r}")
        return latest["job"]

    def start_sync(self, connection_id: str) -> Any:
        """Start the sync of a connection."""
        if self.use_cloud:
            body = {"connectionId": connection_id, "jobType": "sync"}
            return request("POST", f"{self.url}/v1/jobs", body=body, headers=self._headers(), timeout=self.timeout)
        body = {"connectionId": connection_id}
        return request("POST", f"{self.url}/connections/sync", body=body, headers=self._headers(), timeout=self.timeout)

    def get_job(self, job_id: Any) -> Any:
        """What the server says of a job."""
        if self.use_cloud:
            return request("GET", f"{self.url}/v1/jobs/{job_id}", headers=self._headers(), timeout=self.timeout)
        return request(
            "POST", f"{self.url}/jobs/get", body={"id": job_id}, headers=self._headers(), timeout=self.timeout
        )

    def _headers(self) -> dict[str, str]:
        if not self.use_cloud:
            user = setting(self.config, "username", "airbyte")
            return {"Authorization": basic(user, setting(self.config, "password", "password"))}
        if self._token is None:
            body = {
                "client_id": required(self.config, "client_id", "Airbyte Cloud"),
                "client_secret": required(self.config, "client_secret", "Airbyte Cloud"),
                "grant-type": "client_credentials",
            }
            answer = request("POST", f"{self.url}/v1/applications/token", body=body, timeout=self.timeout)
            self._token = str(answer["access_token"])
        return {"Authorization": f"Bearer {self._token}"}


def _job_of(answer: Any) -> dict[str, Any]:
    """The job of an answer: a server wraps it, the cloud gives it flat and with another name for its id."""
    job = dict(answer.get("job", answer))
    job.setdefault("id", job.get("jobId"))
    return job


class _Account:
    """What an account of a service that moves data has."""

    def make_request(self, url_path: str, method: str = "GET", params: Any = None, payload: Any = None) -> Any:
        """Ask the service; each does it in its own way."""
        raise NotImplementedError(url_path)

    def list_destinations(self) -> Any:
        """All destinations of the account."""
        return self.make_request("/destinations")

    def get_destination(self, destination_id: Any) -> Any:
        """What the service says of a destination."""
        return self.make_request(f"/destinations/{destination_id}")

    def list_sources(self) -> Any:
        """All sources of the account."""
        return self.make_request("/sources")

    def get_source(self, source_id: Any) -> Any:
        """What the service says of a source."""
        return self.make_request(f"/sources/{source_id}")


class StitchClient(_Account):
    """Replication jobs of Stitch: `StitchClient(dict(access_token=...)).start_replication_job(source_id)`."""

    def __init__(self, config: Any = None, **settings: Any) -> None:
        self.config: dict[str, Any] = {**(config or {}), **settings}
        self.access_token = required(self.config, "access_token", "Stitch")
        self.url = str(setting(self.config, "url", "https://api.stitchdata.com")).rstrip("/")

    def list_streams(self, source_id: Any, selected: bool = True) -> list[dict[str, Any]]:
        """The streams of a source: those that are replicated, or all."""
        streams = self.make_request(f"/sources/{source_id}/streams") or []
        return [stream for stream in streams if stream.get("selected") or not selected]

    def list_extractions(self, stitch_client_id: Any, page: int = 1) -> Any:
        """The newest extraction of each source of an account, below the key `data`."""
        return self.make_request(f"/{stitch_client_id}/extractions", params={"page": page})

    def list_loads(self, stitch_client_id: Any, page: int = 1) -> Any:
        """The newest load of each stream of an account, below the key `data`."""
        return self.make_request(f"/{stitch_client_id}/loads", params={"page": page})

    def start_replication_job(
        self,
        source_id: Any,
        poll_interval: float = 30,
        poll_timeout: float | None = 1800,
        autocomplete_after_seconds: float | None = None,
        disable_polling: bool = False,
    ) -> Any:
        """Start the replication of a source and, unless `disable_polling`, wait for its extraction.

        `autocomplete_after_seconds` ends the waiting without an error.
        """
        answer = self.make_request(f"/sources/{source_id}/sync", method="POST") or {}
        if answer.get("error"):
            raise ServiceError(f"Stitch did not start source {source_id}: {answer['error']}")
        name = answer.get("job_name")
        print(f"Started the replication of source {source_id}: {name}")  # noqa: T201
        if not disable_polling:
            self.check_sync_completion(source_id, name, poll_interval, poll_timeout, autocomplete_after_seconds)
        return answer

    def check_sync_completion(
        self,
        source_id: Any,
        job_name: str | None = None,
        poll_interval: float = 30,
        poll_timeout: float | None = 1800,
        autocomplete_after_seconds: float | None = None,
    ) -> dict[str, Any]:
        """Wait until the extraction of a source is over, and give what Stitch says of it."""
        source = self.get_source(source_id)
        client_id = source.get("stitch_client_id") if isinstance(source, dict) else None
        if client_id is None:
            raise ServiceError(f"Stitch has no source {source_id}")
        began = time.monotonic()
        found: dict[str, Any] = {}

        def ask() -> tuple[bool, str]:
            found.clear()
            for one in self._extractions(client_id):
                if str(one.get("source_id")) == str(source_id) and job_name in (None, one.get("job_name")):
                    found.update(one)
            if found.get("completion_time"):
                return True, "complete"
            if autocomplete_after_seconds is not None and time.monotonic() - began >= autocomplete_after_seconds:
                return True, "taken as complete"
            return False, "running" if found else "not started"

        wait(ask, interval=poll_interval, timeout=poll_timeout, what=f"the extraction of Stitch source {source_id}")
        for part in ("discovery", "tap", "target"):
            if found.get(f"{part}_exit_status") not in (None, 0):
                words = found.get(f"{part}_description") or found.get(f"{part}_exit_status")
                raise ServiceError(f"the extraction of Stitch source {source_id} failed in its {part}: {words}")
        return found

    def _extractions(self, client_id: Any) -> Iterator[dict[str, Any]]:
        """The newest extractions of all sources; Stitch gives them by pages."""
        page, seen = 1, 0
        while True:
            answer = self.list_extractions(client_id, page)
            found = _data(answer)
            yield from found
            seen += len(found)
            if not found or not isinstance(answer, dict) or seen >= int(answer.get("total") or 0):
                return
            page += 1

    def make_request(self, url_path: str, method: str = "GET", params: Any = None, payload: Any = None) -> Any:
        """What Stitch answers to any other request of its interface."""
        url = f"{self.url}/v4{url_path}"
        return request(method, url, query=params, body=payload or None, headers=_bearer(self.access_token))


class HightouchClient(_Account):
    """Syncs of Hightouch: `HightouchClient(dict(api_key=...)).sync_and_poll(sync_id)`. Lists stand below `data`."""

    def __init__(self, config: Any = None, **settings: Any) -> None:
        self.config: dict[str, Any] = {**(config or {}), **settings}
        self.api_key = required(self.config, "api_key", "Hightouch")
        self.url = str(setting(self.config, "url", "https://api.hightouch.com/api/v1")).rstrip("/")

    def list_syncs(self) -> Any:
        """All syncs, below the key `data`."""
        return self.make_request("/syncs")

    def get_sync(self, sync_id: Any) -> Any:
        """What Hightouch says of a sync."""
        return self.make_request(f"/syncs/{sync_id}")

    def list_sync_runs(self, sync_id: Any, params: dict[str, Any] | None = None) -> Any:
        """Runs of a sync, below the key `data`; `params` filter, such as `runId` and `limit`."""
        return self.make_request(f"/syncs/{sync_id}/runs", params=params)

    def trigger_sync(self, sync_id: Any, payload: dict[str, Any] | None = None) -> Any:
        """Start a sync; the answer has the `id` of its run."""
        return self.make_request(f"/syncs/{sync_id}/trigger", method="POST", payload=payload or {"fullResync": False})

    def sync_and_poll(
        self,
        sync_id: Any,
        payload: dict[str, Any] | None = None,
        poll_interval: float = 3,
        poll_timeout: float | None = None,
    ) -> None:
        """Start a sync and wait for it. One that does not end as `success` raises."""
        run_id = self.trigger_sync(sync_id, payload)["id"]
        latest: dict[str, Any] = {}

        def ask() -> tuple[bool, str]:
            found = _data(self.list_sync_runs(sync_id, {"runId": run_id}))
            latest.update(found[0] if found else {})
            status = str(latest.get("status", "queued"))
            return status in _HIGHTOUCH_OVER, status

        status = wait(ask, interval=poll_interval, timeout=poll_timeout, what=f"the Hightouch sync {sync_id}")
        if status != "success":
            reason = latest.get("error") or "no reason"
            raise ServiceError(f"the Hightouch sync {sync_id} ended as {status!r}: {reason}")

    def make_request(self, url_path: str, method: str = "GET", params: Any = None, payload: Any = None) -> Any:
        """What Hightouch answers to any other request of its interface."""
        url = f"{self.url}{url_path}"
        return request(method, url, query=params, body=payload or None, headers=_bearer(self.api_key))


class DbtCloudClient:
    """Jobs of dbt Cloud: `DbtCloudClient(dict(account_id=1, api_token=...)).trigger_job_run(job_id)`."""

    def __init__(self, config: Any = None, **settings: Any) -> None:
        self.config: dict[str, Any] = {**(config or {}), **settings}
        self.account_id = required(self.config, "account_id", "dbt Cloud")
        self.api_token = required(self.config, "api_token", "dbt Cloud")
        place = str(setting(self.config, "url", "https://cloud.getdbt.com")).rstrip("/")
        self.url = f"{place}/api/v2/accounts/{self.account_id}"

    def list_jobs(self, order_by: str | None = None, project_id: Any = None) -> Any:
        """All jobs of the account, or of one project, below the key `data`."""
        return self.make_request("/jobs", params={"order_by": order_by, "project_id": project_id})

    def list_runs(
        self,
        include_related: Sequence[str] | None = None,
        job_definition_id: Any = None,
        order_by: str | None = None,
        offset: int | None = None,
        limit: int = 100,
    ) -> Any:
        """Runs of the account, or of one job, below the key `data`."""
        params = {
            "include_related": _listed(include_related),
            "job_definition_id": job_definition_id,
            "order_by": order_by,
            "offset": offset,
            "limit": limit,
        }
        return self.make_request("/runs", params=params)

    def get_run(self, run_id: Any, include_related: Sequence[str] | None = None) -> Any:
        """What dbt Cloud says of a run, below the key `data`."""
        return self.make_request(f"/runs/{run_id}", params={"include_related": _listed(include_related)})

    def trigger_job_run(
        self,
        job_id: Any,
        cause: str = "Trigger job run from Mage",
        git_sha: str | None = None,
        git_branch: str | None = None,
        schema_override: str | None = None,
        dbt_version_override: str | None = None,
        threads_override: int | None = None,
        target_name_override: str | None = None,
        generate_docs_override: bool | None = None,
        timeout_seconds_override: int | None = None,
        steps_override: Sequence[str] | None = None,
        poll_status: bool = True,
        poll_interval: float = 3,
        poll_timeout: float | None = None,
    ) -> Any:
        """Start a job and, with `poll_status`, wait for its run. Gives what dbt Cloud says of the run."""
        options = {
            "cause": cause,
            "git_sha": git_sha,
            "git_branch": git_branch,
            "schema_override": schema_override,
            "dbt_version_override": dbt_version_override,
            "threads_override": threads_override,
            "target_name_override": target_name_override,
            "generate_docs_override": generate_docs_override,
            "timeout_seconds_override": timeout_seconds_override,
            "steps_override": None if steps_override is None else list(steps_override),
        }
        body = {name: value for name, value in options.items() if value is not None}
        started = self.make_request(f"/jobs/{job_id}/run", method="POST", payload=body)
        if not poll_status:
            return started
        run_id = started["data"]["id"]
        latest = {"run": started}

        def ask() -> tuple[bool, str]:
            latest["run"] = self.get_run(run_id)
            code = latest["run"]["data"]["status"]
            status = _DBT_RUN.get(code, str(code))
            return status in _DBT_OVER, status

        status = wait(ask, interval=poll_interval, timeout=poll_timeout, what=f"the dbt Cloud run {run_id}")
        if status != "Success":
            words = latest["run"]["data"].get("status_message") or "no reason was given"
            raise ServiceError(f"the dbt Cloud run {run_id} of job {job_id} ended as {status!r}: {words}")
        return latest["run"]

    def make_request(self, url_path: str, method: str = "GET", params: Any = None, payload: Any = None) -> Any:
        """What dbt Cloud answers to any other request of its interface, below the account."""
        url = f"{self.url}{url_path.rstrip('/')}/"
        headers = {"Authorization": f"Token {self.api_token}"}
        return request(method, url, query=params, body=payload or None, headers=headers)


class Metaplane:
    """Monitors of Metaplane: `Metaplane(dict(api_token=...)).process(monitor_ids=[...])`."""

    def __init__(self, config: Any = None, **settings: Any) -> None:
        self.config: dict[str, Any] = {**(config or {}), **settings}
        self.api_token = required(self.config, "api_token", "Metaplane")
        self.url = str(setting(self.config, "url", "https://dev.api.metaplane.dev")).rstrip("/")

    def connections(self, include_deleted: bool = False) -> Any:
        """All connections of the account, below the key `data`."""
        return self.make_request("/connections", params={"includeDeleted": "true"} if include_deleted else None)

    def monitors(self, connection_id: str, include_deleted: bool = False) -> Any:
        """All monitors of a connection, below the key `data`."""
        path = f"/monitors/connection/{connection_id}"
        return self.make_request(path, params={"includeDeleted": "true"} if include_deleted else None)

    def monitor_status(self, monitor_id: str) -> Any:
        """The newest result of a monitor, below the key `data`."""
        return self.make_request(f"/monitors/status/{monitor_id}")

    def process(
        self,
        connection_id: str | None = None,
        monitor_ids: Sequence[str] | None = None,
        poll_interval: float = 60,
        raise_on_failure: bool = False,
    ) -> Any:
        """Have monitors run now: those that are named, or all of a connection. Gives the newest result of each.

        Metaplane does not say when they have run, so results are asked for once, after `poll_interval` seconds.
        With `raise_on_failure` a result that is not passed raises.
        """
        ids = list(monitor_ids or ())
        if not ids and connection_id is not None:
            ids = [monitor["id"] for monitor in _data(self.monitors(connection_id))]
        if not ids:
            raise ValueError("Metaplane needs `monitor_ids`, or the `connection_id` of a connection that has monitors")
        self.make_request("/monitors/run", method="POST", payload={"testIds": ids})
        time.sleep(poll_interval)
        found = {one: (self.monitor_status(one) or {}).get("data") or {} for one in ids}
        failed = [one for one, result in found.items() if result.get("passed") is False]
        if failed and raise_on_failure:
            raise ServiceError(f"the Metaplane monitors {', '.join(failed)} did not pass")
        return found

    def make_request(self, url_path: str, method: str = "GET", params: Any = None, payload: Any = None) -> Any:
        """What Metaplane answers to any other request of its interface."""
        url = f"{self.url}/v1{url_path}"
        return request(method, url, query=params, body=payload or None, headers=_bearer(self.api_token))


def _bearer(token: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _listed(names: Sequence[str] | None) -> str | None:
    """Names as dbt Cloud takes several in one parameter."""
    return None if not names else json.dumps(list(names))


def _data(answer: Any) -> list[dict[str, Any]]:
    found = answer.get("data", []) if isinstance(answer, dict) else answer or []
    return list(found)
