"""Jobs that other tools run: Airbyte, Stitch, Hightouch, dbt Cloud, monitors of Metaplane.

A client starts a job and, unless told otherwise, waits until it is over; a job that did not succeed raises
`ServiceError`. Each client takes `url` to reach a server of one's own.
"""

from __future__ import annotations

from baton.services.http import ServiceError, basic, request, required, setting, wait

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_AIRBYTE_CLOUD = "https://api.airbyte.com"
_DBT_RUN = {1: "Queued", 2: "Starting", 3: "Running", 10: "Success", 20: "Error", 30: "Cancelled"}
_DBT_OVER = ("Success", "Error", "Cancelled")
_HIGHTOUCH_GOOD = ("success", "warning", "completed with errors")
_HIGHTOUCH_BAD = ("failed", "cancelled", "interrupted", "error", "disabled")


class Airbyte:
    """Syncs of an Airbyte server, or with `use_cloud` of Airbyte Cloud: `Airbyte(host='localhost').run_sync(id)`."""

    def __init__(self, config: Any = None, **settings: Any) -> None:
        self.config: dict[str, Any] = {**(config or {}), **settings}
        self.use_cloud = bool(self.config.get("use_cloud"))
        scheme = "https" if self.config.get("use_ssl") else "http"
        place = f"{setting(self.config, 'host', 'host.docker.internal')}:{setting(self.config, 'port', 8000)}"
        server = f"{scheme}://{place}/api/{setting(self.config, 'api_version', 'v1')}"
        self.url = str(setting(self.config, "url", _AIRBYTE_CLOUD if self.use_cloud else server)).rstrip("/")
        self._token: str | None = None

    def is_healthy(self) -> bool:
        """Whether the server answers that it is available."""
        answer = request("GET", f"{self.url}/health", headers=self._headers())
        return isinstance(answer, dict) and bool(answer.get("available"))

    def run_sync(self, connection_id: str, poll_interval: float = 10, poll_timeout: float | None = None) -> Any:
        """Start the sync of a connection, wait for it, and give what the server says of the job."""
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
            return request("POST", f"{self.url}/v1/jobs", body=body, headers=self._headers())
        body = {"connectionId": connection_id}
        return request("POST", f"{self.url}/connections/sync", body=body, headers=self._headers())

    def get_job(self, job_id: Any) -> Any:
        """What the server says of a job."""
        if self.use_cloud:
            return request("GET", f"{self.url}/v1/jobs/{job_id}", headers=self._headers())
        return request("POST", f"{self.url}/jobs/get", body={"id": job_id}, headers=self._headers())

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
            self._token = str(request("POST", f"{self.url}/v1/applications/token", body=body)["access_token"])
        return {"Authorization": f"Bearer {self._token}"}


def _job_of(answer: Any) -> dict[str, Any]:
    """The job of an answer: a server wraps it, the cloud gives it flat and with another name for its id."""
    job = dict(answer.get("job", answer))
    job.setdefault("id", job.get("jobId"))
    return job


class StitchClient:
    """Replication jobs of Stitch: `StitchClient(dict(access_token=...)).start_replication_job(source_id)`."""

    def __init__(self, config: Any = None, **settings: Any) -> None:
        self.config: dict[str, Any] = {**(config or {}), **settings}
        self.access_token = required(self.config, "access_token", "Stitch")
        self.url = str(setting(self.config, "url", "https://api.stitchdata.com")).rstrip("/")

    def list_sources(self) -> list[dict[str, Any]]:
        """All sources of the account."""
        return list(self._ask("GET", "/v4/sources") or [])

    def list_streams(self, source_id: Any) -> list[dict[str, Any]]:
        """The streams of a source."""
        return list(self._ask("GET", f"/v4/sources/{source_id}/streams") or [])

    def list_extractions(self, client_id: Any) -> list[dict[str, Any]]:
        """The newest extraction of each source of an account."""
        return _data(self._ask("GET", f"/v4/{client_id}/extractions"))

    def list_loads(self, client_id: Any) -> list[dict[str, Any]]:
        """The newest load of each stream of an account."""
        return _data(self._ask("GET", f"/v4/{client_id}/loads"))

    def start_replication_job(
        self,
        source_id: Any,
        poll_interval: float = 10,
        poll_timeout: float | None = None,
        disable_polling: bool = False,
    ) -> Any:
        """Start the replication of a source and, unless `disable_polling`, wait for its extraction."""
        answer = self._ask("POST", f"/v4/sources/{source_id}/sync") or {}
        if answer.get("error"):
            raise ServiceError(f"Stitch did not start source {source_id}: {answer['error']}")
        print(f"Started the replication of source {source_id}: {answer.get('job_name')}")  # noqa: T201
        if not disable_polling:
            self.check_sync_completion(source_id, answer.get("job_name"), poll_interval, poll_timeout)
        return answer

    def check_sync_completion(
        self,
        source_id: Any,
        job_name: str | None = None,
        poll_interval: float = 10,
        poll_timeout: float | None = None,
    ) -> dict[str, Any]:
        """Wait until the extraction of a source is over, and give what Stitch says of it."""
        client_id = self._client_of(source_id)
        found: dict[str, Any] = {}

        def ask() -> tuple[bool, str]:
            found.clear()
            for one in self.list_extractions(client_id):
                if str(one.get("source_id")) == str(source_id) and job_name in (None, one.get("job_name")):
                    found.update(one)
            over = bool(found.get("completion_time"))
            return over, "complete" if over else "running" if found else "not started"

        wait(ask, interval=poll_interval, timeout=poll_timeout, what=f"the extraction of Stitch source {source_id}")
        for part in ("discovery", "tap", "target"):
            if found.get(f"{part}_exit_status") not in (None, 0):
                words = found.get(f"{part}_description") or found.get(f"{part}_exit_status")
                raise ServiceError(f"the extraction of Stitch source {source_id} failed in its {part}: {words}")
        return found

    def _client_of(self, source_id: Any) -> Any:
        for source in self.list_sources():
            if str(source.get("id")) == str(source_id):
                return source.get("stitch_client_id")
        raise ServiceError(f"Stitch has no source {source_id}")

    def _ask(self, method: str, path: str) -> Any:
        return request(method, f"{self.url}{path}", headers={"Authorization": f"Bearer {self.access_token}"})


class HightouchClient:
    """Syncs of Hightouch: `HightouchClient(dict(api_key=...)).sync_and_poll(sync_id)`."""

    def __init__(self, config: Any = None, **settings: Any) -> None:
        self.config: dict[str, Any] = {**(config or {}), **settings}
        self.api_key = required(self.config, "api_key", "Hightouch")
        self.url = str(setting(self.config, "url", "https://api.hightouch.com/api/v1")).rstrip("/")

    def list_syncs(self) -> dict[str, Any]:
        """All syncs, below the key `data`."""
        return dict(self._ask("GET", "/syncs"))

    def get_sync_details(self, sync_id: Any) -> dict[str, Any]:
        """What Hightouch says of a sync."""
        return dict(self._ask("GET", f"/syncs/{sync_id}"))

    def get_sync_run_details(self, sync_id: Any, sync_request_id: Any) -> list[dict[str, Any]]:
        """What Hightouch says of one run of a sync."""
        return _data(self._ask("GET", f"/syncs/{sync_id}/runs", query={"runId": sync_request_id}))

    def start_sync(self, sync_id: Any, full_resync: bool = False) -> Any:
        """Start a sync and give the id of its run."""
        return self._ask("POST", f"/syncs/{sync_id}/trigger", body={"fullResync": full_resync})["id"]

    def sync_and_poll(
        self,
        sync_id: Any,
        fail_on_warning: bool = False,
        poll_interval: float = 3,
        poll_timeout: float | None = None,
        full_resync: bool = False,
    ) -> dict[str, Any]:
        """Start a sync, wait for it, and give what Hightouch says of its run."""
        run_id = self.start_sync(sync_id, full_resync)
        latest: dict[str, Any] = {}

        def ask() -> tuple[bool, str]:
            found = self.get_sync_run_details(sync_id, run_id)
            latest.update(found[0] if found else {})
            status = str(latest.get("status", "queued"))
            return status in _HIGHTOUCH_GOOD + _HIGHTOUCH_BAD, status

        status = wait(ask, interval=poll_interval, timeout=poll_timeout, what=f"the Hightouch sync {sync_id}")
        if status in _HIGHTOUCH_BAD or (fail_on_warning and status != "success"):
            raise ServiceError(
                f"the Hightouch sync {sync_id} ended as {status!r}: {latest.get('error') or 'no reason'}"
            )
        return latest

    def _ask(self, method: str, path: str, **more: Any) -> Any:
        return request(method, f"{self.url}{path}", headers={"Authorization": f"Bearer {self.api_key}"}, **more)


class DbtCloudClient:
    """Jobs of dbt Cloud: `DbtCloudClient(dict(account_id=1, api_token=...)).trigger_job_run(job_id)`."""

    def __init__(self, config: Any = None, **settings: Any) -> None:
        self.config: dict[str, Any] = {**(config or {}), **settings}
        self.account_id = required(self.config, "account_id", "dbt Cloud")
        self.api_token = required(self.config, "api_token", "dbt Cloud")
        place = str(setting(self.config, "url", "https://cloud.getdbt.com")).rstrip("/")
        self.url = f"{place}/api/v2/accounts/{self.account_id}"

    def list_jobs(self, **query: Any) -> Any:
        """All jobs of the account, below the key `data`; keywords filter, such as `project_id`."""
        return self._ask("GET", "/jobs/", query=query)

    def list_runs(self, **query: Any) -> Any:
        """Runs of the account, below the key `data`; keywords filter, such as `job_definition_id` and `limit`."""
        return self._ask("GET", "/runs/", query=query)

    def get_run(self, run_id: Any, include_related: Any = None) -> Any:
        """What dbt Cloud says of a run, below the key `data`."""
        return self._ask("GET", f"/runs/{run_id}/", query={"include_related": include_related})

    def trigger_job_run(
        self,
        job_id: Any,
        cause: str = "Triggered from Mage.",
        additional_run_config: dict[str, Any] | None = None,
        poll_status: bool = True,
        poll_interval: float = 10,
        poll_timeout: float | None = None,
    ) -> Any:
        """Start a job and, with `poll_status`, wait for its run. Gives what dbt Cloud says of the run."""
        body = {"cause": cause, **(additional_run_config or {})}
        started = self._ask("POST", f"/jobs/{job_id}/run/", body=body)
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

    def _ask(self, method: str, path: str, **more: Any) -> Any:
        return request(method, f"{self.url}{path}", headers={"Authorization": f"Token {self.api_token}"}, **more)


class Metaplane:
    """Monitors of Metaplane: `Metaplane(api_token).run_monitors([monitor_id])`."""

    def __init__(self, api_token: Any = None, url: str | None = None, config: Any = None) -> None:
        given = api_token if isinstance(api_token, dict) else {**(config or {}), "api_token": api_token}
        self.api_token = required(given, "api_token", "Metaplane")
        self.url = str(url or setting(given, "url", "https://dev.api.metaplane.dev")).rstrip("/")

    def list_monitors(self, connection_id: str) -> Any:
        """All monitors of a connection."""
        return self._ask("GET", f"/v1/monitors/connection/{connection_id}")

    def run_monitors(self, monitor_ids: Sequence[str]) -> Any:
        """Have monitors run now. Metaplane does not say when they have."""
        return self._ask("POST", "/v1/monitors/run", body={"monitorIds": list(monitor_ids)})

    def get_monitor_status(self, monitor_id: str) -> Any:
        """The newest result of a monitor."""
        return self._ask("GET", f"/v2/monitors/status/{monitor_id}")

    def _ask(self, method: str, path: str, **more: Any) -> Any:
        return request(method, f"{self.url}{path}", headers={"Authorization": f"Bearer {self.api_token}"}, **more)


def _data(answer: Any) -> list[dict[str, Any]]:
    found = answer.get("data", []) if isinstance(answer, dict) else answer or []
    return list(found)
