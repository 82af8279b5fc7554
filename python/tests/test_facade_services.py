"""Clients of services, against servers that run here."""

from __future__ import annotations

import email
import email.policy
import json
import socketserver
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from baton.services.http import ServiceError
from mage_ai.services.airbyte import Airbyte
from mage_ai.services.dbt.dbt import DbtCloudClient
from mage_ai.services.discord.discord import send_discord_message
from mage_ai.services.email.config import EmailConfig
from mage_ai.services.email.email import send_email
from mage_ai.services.google_chat.google_chat import send_google_chat_message
from mage_ai.services.hightouch.hightouch import HightouchClient
from mage_ai.services.metaplane.metaplane import Metaplane
from mage_ai.services.opsgenie.config import OpsgenieConfig
from mage_ai.services.opsgenie.opsgenie import send_opsgenie_alert
from mage_ai.services.slack.config import SlackConfig
from mage_ai.services.slack.slack import send_slack_message
from mage_ai.services.stitch.stitch import StitchClient
from mage_ai.services.teams.teams import send_teams_message
from mage_ai.services.telegram.telegram import send_telegram_message


@pytest.fixture
def server():
    """A server that answers in the order that is given to it, and notes what it is asked."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            length = int(self.headers.get("Content-Length") or 0)
            text = self.rfile.read(length).decode()
            body = json.loads(text) if text and "json" in (self.headers.get("Content-Type") or "") else text
            self.server.asked.append((self.command, self.path, body))
            self.server.headers.append(dict(self.headers))
            status, answer = self.server.answers.pop(0) if self.server.answers else (200, "")
            data = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = answer

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.asked, server.headers, server.answers = [], [], []
        server.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


# --- messages


@pytest.mark.parametrize(
    ("send", "title", "body"),
    [
        (send_slack_message, "T", {"text": "*T*\nm"}),
        (send_slack_message, None, {"text": "m"}),
        (send_discord_message, "T", {"content": "**T**\nm"}),
        (send_telegram_message, "T", {"text": "T\nm"}),
        (send_google_chat_message, "T", {"text": "*T*\nm"}),
        (
            send_teams_message,
            "T",
            {
                "@type": "MessageCard",
                "@context": "http://schema.org/extensions",
                "summary": "T",
                "title": "T",
                "text": "m",
            },
        ),
    ],
)
def test_messages(server, send, title, body):
    send({"webhook_url": f"{server.url}/hook?key=1"}, "m", title)
    assert server.asked == [("POST", "/hook?key=1", body)]


def test_several_channels(server):
    send_teams_message({"webhook_url": [f"{server.url}/a", f"{server.url}/b"]}, "m")
    assert [path for _, path, _ in server.asked] == ["/a", "/b"]


def test_a_configuration_of_its_class(server):
    config = SlackConfig.load(config={"webhook_url": f"{server.url}/x", "unknown": 1})
    send_slack_message(config, message="ü", title=None)
    assert server.asked[0][2] == {"text": "ü"}
    assert (config.is_valid, SlackConfig().is_valid) == (True, False)
    assert config.to_dict() == {"webhook_url": f"{server.url}/x"}


def test_long_messages_are_cut(server):
    send_discord_message({"webhook_url": server.url}, "x" * 3000)
    assert len(server.asked[0][2]["content"]) == 2000


def test_an_alert(server):
    config = OpsgenieConfig(url=f"{server.url}/v2/alerts", api_key="key", tags=["a"])
    send_opsgenie_alert(config, message="m" * 200, description="d", entity="shop")
    sent = server.asked[0][2]
    assert (len(sent.pop("message")), sent) == (
        130,
        {"description": "d", "priority": "P3", "responders": [], "tags": ["a"], "details": {}, "entity": "shop"},
    )
    assert server.headers[0]["Authorization"] == "GenieKey key"


def test_a_refusal_says_why_and_keeps_the_key(server):
    server.answers.append((403, "invalid_token"))
    with pytest.raises(ServiceError, match="answered 403 Forbidden: invalid_token") as caught:
        send_slack_message({"webhook_url": f"{server.url}/services/secret?token=secret"}, "m")
    assert caught.value.status == 403
    assert "secret" not in str(caught.value)


def test_nobody_there():
    with pytest.raises(ServiceError, match="1 was not reached"):
        send_slack_message({"webhook_url": "http://127.0.0.1:1/x"}, "m")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: send_slack_message({}, "m"), "the configuration of Slack lacks `webhook_url`"),
        (lambda: send_slack_message({"webhook_url": "file:///etc/passwd"}, "m"), "starts with http"),
        (lambda: send_opsgenie_alert({"url": "http://x"}, "m"), "lacks `api_key`"),
        (lambda: send_email({"smtp_host": "x"}, "s", "m"), "lacks `to_emails`"),
        (lambda: StitchClient({}), "Stitch lacks `access_token`"),
        (lambda: DbtCloudClient({"api_token": "x"}), "dbt Cloud lacks `account_id`"),
        (lambda: Metaplane({}), "Metaplane lacks `api_token`"),
    ],
)
def test_what_a_configuration_lacks(call, words):
    with pytest.raises(ValueError, match=words):
        call()


class Mailbox(socketserver.StreamRequestHandler):
    """As much of a mail server as a client speaks with."""

    def handle(self):
        self.say("220 here")
        while line := self.rfile.readline().decode().strip():
            verb = line.split()[0].upper()
            self.server.heard.append(line)
            if verb == "EHLO":
                self.say("250-here\r\n250 AUTH PLAIN")
            elif verb == "AUTH":
                self.say("235 welcome")
            elif verb == "DATA":
                self.say("354 go on")
                lines = []
                while (part := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(part)
                self.server.mails.append(b"".join(lines))
                self.say("250 taken")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 fine")

    def say(self, text):
        self.wfile.write(f"{text}\r\n".encode())


@pytest.fixture
def mailbox():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailbox) as server:
        server.heard, server.mails = [], []
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize(("message", "kind"), [("Hällo\n.\nend", "text/plain"), ("<b>Hi</b>", "text/html")])
def test_mail(mailbox, capsys, message, kind):
    config = EmailConfig(
        smtp_host="127.0.0.1",
        smtp_port=mailbox.server_address[1],
        smtp_mail_from="from@example.com",
        smtp_starttls=False,
        smtp_user="user",
        smtp_password="word",
        to_emails=["a@example.com", "b@example.com"],
    )
    send_email(config, subject="A run\nfailed", message=message, verbose=True)
    mail = email.message_from_bytes(mailbox.mails[0], policy=email.policy.default)
    assert (mail["Subject"], mail["From"], mail["To"]) == (
        "A run failed",
        "from@example.com",
        "a@example.com, b@example.com",
    )
    assert mail.get_content_type() == kind
    assert mail.get_content().strip().replace("..", ".").splitlines() == message.splitlines()
    assert sum(line.upper().startswith("RCPT") for line in mailbox.heard) == 2
    assert any(line.startswith("AUTH") for line in mailbox.heard)
    assert "a@example.com" in capsys.readouterr().out


# --- jobs


def test_airbyte(server, capsys):
    server.answers[:] = [
        (200, {"job": {"id": 7, "status": "pending"}}),
        (200, {"job": {"id": 7, "status": "running"}}),
        (200, {"job": {"id": 7, "status": "succeeded"}, "attempts": []}),
    ]
    client = Airbyte(url=f"{server.url}/api/v1", username="u", password="p")
    assert client.run_sync("c", poll_interval=0)["job"]["status"] == "succeeded"
    assert server.asked == [
        ("POST", "/api/v1/connections/sync", {"connectionId": "c"}),
        ("POST", "/api/v1/jobs/get", {"id": 7}),
        ("POST", "/api/v1/jobs/get", {"id": 7}),
    ]
    assert server.headers[0]["Authorization"] == "Basic dTpw"
    assert "Current status: running" in capsys.readouterr().out


def test_airbyte_settings():
    assert Airbyte().url == "http://host.docker.internal:8000/api/v1"
    assert Airbyte({"host": "h", "port": 1, "use_ssl": True}).url == "https://h:1/api/v1"
    assert Airbyte(use_cloud=True).url == "https://api.airbyte.com"


def test_airbyte_cloud(server):
    server.answers[:] = [
        (200, {"access_token": "t"}),
        (200, {"jobId": 7, "status": "running"}),
        (200, {"jobId": 7, "status": "failed"}),
    ]
    client = Airbyte(use_cloud=True, client_id="i", client_secret="s", url=server.url)
    with pytest.raises(ServiceError, match="the Airbyte sync of connection c ended as 'failed'"):
        client.run_sync("c", poll_interval=0)
    assert [path for _, path, _ in server.asked] == ["/v1/applications/token", "/v1/jobs", "/v1/jobs/7"]
    assert server.headers[2]["Authorization"] == "Bearer t"


def test_stitch(server):
    extraction = {"source_id": 5, "job_name": "j", "completion_time": None}
    done = {**extraction, "completion_time": "2026-01-01", "tap_exit_status": 0}
    other = {"source_id": 6, "job_name": "x", "completion_time": "2026-01-01"}
    server.answers[:] = [
        (200, {"job_name": "j"}),
        (200, {"id": 5, "stitch_client_id": 9}),
        (200, {"data": [other]}),
        (200, {"data": [other, extraction]}),
        (200, {"data": [other], "total": 2}),
        (200, {"data": [done], "total": 2}),
    ]
    StitchClient(config={"access_token": "a", "url": server.url}).start_replication_job(5, poll_interval=0)
    assert [path for _, path, _ in server.asked] == [
        "/v4/sources/5/sync",
        "/v4/sources/5",
        *["/v4/9/extractions?page=1"] * 3,
        "/v4/9/extractions?page=2",
    ]
    assert server.headers[0]["Authorization"] == "Bearer a"


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([{"error": {"type": "already_running"}}], "did not start source 5.*already_running"),
        ([{"job_name": "j"}, {}], "has no source 5"),
        (
            [
                {"job_name": "j"},
                {"id": 5, "stitch_client_id": 9},
                {
                    "data": [
                        {
                            "source_id": 5,
                            "job_name": "j",
                            "completion_time": "t",
                            "tap_exit_status": 1,
                            "tap_description": "no access",
                        }
                    ]
                },
            ],
            "failed in its tap: no access",
        ),
    ],
)
def test_stitch_failures(server, answers, words):
    server.answers[:] = [(200, one) for one in answers]
    with pytest.raises(ServiceError, match=words):
        StitchClient({"access_token": "a", "url": server.url}).start_replication_job(5, poll_interval=0)


def test_stitch_takes_a_long_job_as_done(server):
    client = StitchClient(access_token="a", url=server.url)
    server.answers[:] = [(200, {"id": 5, "stitch_client_id": 9}), (200, {"data": []})]
    assert client.check_sync_completion(5, "j", 0, None, autocomplete_after_seconds=0) == {}


@pytest.mark.parametrize(
    ("call", "path"),
    [
        (lambda client: client.list_destinations(), "/v4/destinations"),
        (lambda client: client.get_destination(3), "/v4/destinations/3"),
        (lambda client: client.list_sources(), "/v4/sources"),
        (lambda client: client.get_source(3), "/v4/sources/3"),
        (lambda client: client.list_extractions(9), "/v4/9/extractions?page=1"),
        (lambda client: client.list_loads(9, page=2), "/v4/9/loads?page=2"),
        (lambda client: client.make_request("/x", params={"a": 1}), "/v4/x?a=1"),
    ],
)
def test_stitch_lists(server, call, path):
    server.answers[:] = [(200, {"data": [1]})]
    assert call(StitchClient(access_token="a", url=server.url)) == {"data": [1]}
    assert server.asked == [("GET", path, "")]


def test_stitch_streams(server):
    client = StitchClient(access_token="a", url=server.url)
    streams = [{"stream_name": "a", "selected": True}, {"stream_name": "b", "selected": None}]
    server.answers[:] = [(200, streams), (200, streams), (200, {"job_name": "j"})]
    assert client.list_streams(1) == streams[:1]
    assert client.list_streams(1, selected=False) == streams
    assert client.start_replication_job(1, disable_polling=True) == {"job_name": "j"}


@pytest.mark.parametrize(
    ("status", "works"),
    [("success", True), ("warning", False), ("interrupted", False), ("cancelled", False), ("failed", False)],
)
def test_hightouch(server, status, works):
    server.answers[:] = [
        (200, {"id": "r"}),
        (200, {"data": []}),
        (200, {"data": [{"id": "r", "status": "querying"}]}),
        (200, {"data": [{"id": "r", "status": status, "error": "why"}]}),
    ]
    client = HightouchClient(config={"api_key": "k", "url": server.url})
    if works:
        assert client.sync_and_poll(3, poll_interval=0) is None
    else:
        with pytest.raises(ServiceError, match=f"ended as '{status}': why"):
            client.sync_and_poll(3, poll_interval=0)
    assert server.asked[0] == ("POST", "/syncs/3/trigger", {"fullResync": False})
    assert [one[:2] for one in server.asked[1:]] == [("GET", "/syncs/3/runs?runId=r")] * 3


@pytest.mark.parametrize(
    ("call", "asked"),
    [
        (lambda client: client.list_destinations(), ("GET", "/destinations", "")),
        (lambda client: client.get_destination(3), ("GET", "/destinations/3", "")),
        (lambda client: client.list_sources(), ("GET", "/sources", "")),
        (lambda client: client.get_source(3), ("GET", "/sources/3", "")),
        (lambda client: client.list_syncs(), ("GET", "/syncs", "")),
        (lambda client: client.get_sync(3), ("GET", "/syncs/3", "")),
        (lambda client: client.list_sync_runs(3, {"limit": 1}), ("GET", "/syncs/3/runs?limit=1", "")),
        (
            lambda client: client.trigger_sync(3, {"fullResync": True}),
            ("POST", "/syncs/3/trigger", {"fullResync": True}),
        ),
        (lambda client: client.make_request("/x", "POST", {"a": 1}, {"b": 2}), ("POST", "/x?a=1", {"b": 2})),
    ],
)
def test_hightouch_lists(server, call, asked):
    server.answers[:] = [(200, {"data": []})]
    assert call(HightouchClient({"api_key": "k", "url": server.url})) == {"data": []}
    assert server.asked == [asked]


def test_dbt_cloud(server):
    server.answers[:] = [
        (200, {"data": {"id": 8, "status": 1}}),
        (200, {"data": {"id": 8, "status": 3}}),
        (200, {"data": {"id": 8, "status": 10}}),
    ]
    client = DbtCloudClient({"account_id": 1, "api_token": "t", "url": server.url})
    assert client.trigger_job_run(2, poll_interval=0)["data"]["status"] == 10
    assert [one[:2] for one in server.asked] == [
        ("POST", "/api/v2/accounts/1/jobs/2/run/"),
        *[("GET", "/api/v2/accounts/1/runs/8/")] * 2,
    ]
    assert server.headers[0]["Authorization"] == "Token t"
    assert server.asked[0][2] == {"cause": "Trigger job run from Mage"}
    client.list_runs(limit=3, order_by=None)
    client.list_jobs(project_id=4)
    client.get_run(8, ["job"])
    assert [path.removeprefix("/api/v2/accounts/1") for _, path, _ in server.asked[3:]] == [
        "/runs/?limit=3",
        "/jobs/?project_id=4",
        "/runs/8/?include_related=%5B%22job%22%5D",
    ]


def test_options_of_a_dbt_job(server):
    client = DbtCloudClient({"account_id": 1, "api_token": "t", "url": server.url})
    server.answers[:] = [(200, {"data": {"id": 8}})]
    client.trigger_job_run(2, "why", git_branch="b", threads_override=3, steps_override=("run",), poll_status=False)
    assert server.asked[0][2] == {
        "cause": "why",
        "git_branch": "b",
        "threads_override": 3,
        "steps_override": ["run"],
    }


def test_dbt_cloud_failures(server):
    client = DbtCloudClient(account_id=1, api_token="t", url=server.url)
    server.answers[:] = [
        (200, {"data": {"id": 8}}),
        (200, {"data": {"status": 20, "status_message": "a model failed"}}),
    ]
    with pytest.raises(ServiceError, match="ended as 'Error': a model failed"):
        client.trigger_job_run(2, poll_interval=0)
    server.answers[:] = [(200, {"data": {"id": 8}}), (200, {"data": {"status": 3}})]
    with pytest.raises(ServiceError, match="the dbt Cloud run 8 is still 'Running' after 0 seconds"):
        client.trigger_job_run(2, poll_interval=0, poll_timeout=0)
    server.answers[:] = [(200, {"data": {"id": 8}})]
    assert client.trigger_job_run(2, poll_status=False) == {"data": {"id": 8}}


def test_metaplane(server):
    client = Metaplane({"api_token": "t", "url": server.url})
    passed, failed = {"data": {"passed": True}}, {"data": {"passed": False}}
    server.answers[:] = [(200, {"data": [{"id": "m"}, {"id": "n"}]}), (200, {}), (200, passed), (200, failed)]
    assert client.process(connection_id="c", poll_interval=0) == {"m": {"passed": True}, "n": {"passed": False}}
    assert server.asked == [
        ("GET", "/v1/monitors/connection/c", ""),
        ("POST", "/v1/monitors/run", {"testIds": ["m", "n"]}),
        ("GET", "/v1/monitors/status/m", ""),
        ("GET", "/v1/monitors/status/n", ""),
    ]
    server.answers[:] = [(200, {}), (200, failed)]
    with pytest.raises(ServiceError, match="the Metaplane monitors n did not pass"):
        client.process(monitor_ids=["n"], poll_interval=0, raise_on_failure=True)
    with pytest.raises(ValueError, match="needs `monitor_ids`"):
        client.process()
    client.connections()
    assert server.asked[-1] == ("GET", "/v1/connections", "")


# --- what needs a vendor's package


@pytest.mark.parametrize(
    ("module", "function", "absent", "line"),
    [
        ("aws.secrets_manager.secrets_manager", "get_secret", "boto3", "boto3"),
        ("azure.key_vault.key_vault", "get_secret", "azure", "azure-identity"),
        ("gcp.secret_manager.secret_manager", "get_secret", "google", "google-cloud-secret-manager"),
        ("spark.spark", "get_spark_session", "pyspark", "pyspark"),
    ],
)
def test_a_missing_package_names_its_line(monkeypatch, module, function, absent, line):
    import importlib

    for name in [one for one in sys.modules if one.split(".")[0] == absent]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, absent, None)
    found = getattr(importlib.import_module(f"mage_ai.services.{module}"), function)
    with pytest.raises(ModuleNotFoundError, match=f"not installed: install `{line}` for"):
        found("name")
