"""Settings of services, as the `notification_config` of a project names them.

Every function that takes one of these takes a dictionary with the same keys as well.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

Self = TypeVar("Self", bound="ServiceConfig")


@dataclass
class ServiceConfig:
    """What all of them have: reading from a dictionary, and whether what is needed is there."""

    _needed: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def load(cls: type[Self], config_path: Any = None, config: Any = None) -> Self:
        """The settings of a dictionary; keys that the service does not know are left out."""
        given = config if config is not None else config_path
        if isinstance(given, cls):
            return given
        if given is not None and not isinstance(given, dict):
            raise TypeError(f"{cls.__name__} is read from a dictionary, and was given a {type(given).__name__}")
        known = {one.name for one in dataclasses.fields(cls)}
        return cls(**{name: value for name, value in (given or {}).items() if name in known})

    @property
    def is_valid(self) -> bool:
        """Whether what the service needs is set."""
        return all(getattr(self, name) for name in self._needed)

    def to_dict(self) -> dict[str, Any]:
        """The settings as a dictionary."""
        return dataclasses.asdict(self)


@dataclass
class WebhookConfig(ServiceConfig):
    """A service that takes messages at one address."""

    _needed: ClassVar[tuple[str, ...]] = ("webhook_url",)
    webhook_url: str | None = None


@dataclass
class SlackConfig(WebhookConfig):
    """Slack."""


@dataclass
class DiscordConfig(WebhookConfig):
    """Discord."""


@dataclass
class TelegramConfig(WebhookConfig):
    """Telegram: the address of `sendMessage`, with `chat_id` in it."""


@dataclass
class GoogleChatConfig(WebhookConfig):
    """Google Chat."""


@dataclass
class TeamsConfig(ServiceConfig):
    """Microsoft Teams: one address or several."""

    _needed: ClassVar[tuple[str, ...]] = ("webhook_url",)
    webhook_url: str | list[str] | None = None


@dataclass
class OpsgenieConfig(ServiceConfig):
    """Opsgenie: `url` is the address of alerts, such as `https://api.opsgenie.com/v2/alerts`."""

    _needed: ClassVar[tuple[str, ...]] = ("url", "api_key")
    url: str | None = None
    api_key: str | None = None
    priority: str = "P3"
    responders: list[Any] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)


@dataclass
class EmailConfig(ServiceConfig):
    """A server that sends mail."""

    _needed: ClassVar[tuple[str, ...]] = ("smtp_host", "smtp_mail_from", "to_emails")
    smtp_host: str | None = None
    smtp_mail_from: str | None = None
    smtp_user: str | None = None
    smtp_password: str | None = None
    smtp_starttls: bool = True
    smtp_ssl: bool = False
    smtp_port: int = 587
    to_emails: list[str] = field(default_factory=list)
