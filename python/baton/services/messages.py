"""Messages to people: Slack, Teams, Discord, Telegram, Google Chat, Opsgenie, and mail.

Each function sends one message and raises `ServiceError` when it was not taken.
"""

from __future__ import annotations

from baton.services.http import TIMEOUT_SECONDS, request, required, setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    import smtplib
    from email.message import EmailMessage
    from typing import Any

_LONGEST_DISCORD = 2000
_LONGEST_TELEGRAM = 4096
_LONGEST_GOOGLE_CHAT = 4000
_LONGEST_OPSGENIE_TITLE = 130
_LONGEST_OPSGENIE_TEXT = 15_000


def send_slack_message(config: Any, message: str, title: str | None = None) -> None:
    """Post to the Slack channel of `webhook_url`."""
    _post(config, "Slack", {"text": _titled(message, title, "*")})


def send_discord_message(config: Any, message: str, title: str | None = None) -> None:
    """Post to the Discord channel of `webhook_url`."""
    _post(config, "Discord", {"content": _cut(_titled(message, title, "**"), _LONGEST_DISCORD)})


def send_telegram_message(config: Any, message: str, title: str | None = None) -> None:
    """Post to the Telegram chat of `webhook_url`, `https://api.telegram.org/bot<token>/sendMessage?chat_id=<id>`."""
    _post(config, "Telegram", {"text": _cut(_titled(message, title, ""), _LONGEST_TELEGRAM)})


def send_google_chat_message(config: Any, message: str, title: str | None = None) -> None:
    """Post to the Google Chat space of `webhook_url`."""
    _post(config, "Google Chat", {"text": _cut(_titled(message, title, "*"), _LONGEST_GOOGLE_CHAT)})


def send_teams_message(config: Any, message: str, title: str | None = None) -> None:
    """Post to the Teams channel of `webhook_url`, or to each when it is a list."""
    card = {
        "@type": "MessageCard",
        "@context": "http://schema.org/extensions",
        "summary": title or _cut(message, _LONGEST_OPSGENIE_TITLE),
        "text": message,
    }
    if title:
        card["title"] = title
    _post(config, "Teams", card)


def send_opsgenie_alert(config: Any, message: str | None = None, description: str | None = None, **more: Any) -> None:
    """Open an alert: `message` is its title, `description` its text; further keywords go into it."""
    alert = {
        "message": _cut(message or description or "", _LONGEST_OPSGENIE_TITLE),
        "description": _cut(description or message or "", _LONGEST_OPSGENIE_TEXT),
        "priority": setting(config, "priority", "P3"),
        "responders": setting(config, "responders", []),
        "tags": setting(config, "tags", []),
        "details": setting(config, "details", {}),
        **more,
    }
    key = required(config, "api_key", "Opsgenie")
    request("POST", required(config, "url", "Opsgenie"), body=alert, headers={"Authorization": f"GenieKey {key}"})


def send_email(
    config: Any,
    subject: str | None = None,
    message: str | None = None,
    verbose: bool = True,
) -> None:
    """Send a mail to all of `to_emails`. A message that begins with `<` is taken as HTML."""
    from email.message import EmailMessage

    to = required(config, "to_emails", "mail")
    to = [to] if isinstance(to, str) else list(to)
    mail = EmailMessage()
    mail["Subject"] = " ".join((subject or "").split())
    mail["From"] = required(config, "smtp_mail_from", "mail")
    mail["To"] = ", ".join(to)
    text = message or ""
    mail.set_content(text, subtype="html" if text.lstrip().startswith("<") else "plain")
    _send(config, mail)
    if verbose:
        print(f"Sent a mail to {', '.join(to)}")  # noqa: T201 -- a block's output is its log


def _send(config: Any, mail: EmailMessage) -> None:
    import smtplib
    import ssl

    host, port = required(config, "smtp_host", "mail"), int(setting(config, "smtp_port", 587))
    server: smtplib.SMTP
    if setting(config, "smtp_ssl", False):
        server = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context())
    else:
        server = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
    with server:
        if setting(config, "smtp_starttls", True) and not setting(config, "smtp_ssl", False):
            server.starttls(context=ssl.create_default_context())
        user = setting(config, "smtp_user")
        if user:
            server.login(user, setting(config, "smtp_password", ""))
        server.send_message(mail)


def _post(config: Any, service: str, body: Any) -> None:
    found = required(config, "webhook_url", service)
    for url in [found] if isinstance(found, str) else found:
        request("POST", url, body=body)


def _titled(message: str, title: str | None, mark: str) -> str:
    return f"{mark}{title}{mark}\n{message}" if title else message


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
