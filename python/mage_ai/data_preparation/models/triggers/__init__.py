"""Words of a pipeline's triggers."""

from __future__ import annotations

from mage_ai import _absent
from mage_ai.shared.enum import StrEnum

TRIGGER_FILE_NAME = "triggers.yaml"


class ScheduleInterval(StrEnum):
    """How often a schedule starts its pipeline; a cron expression may stand instead."""

    ONCE = "@once"
    HOURLY = "@hourly"
    DAILY = "@daily"
    WEEKLY = "@weekly"
    MONTHLY = "@monthly"
    ALWAYS_ON = "@always_on"


class ScheduleStatus(StrEnum):
    """Whether a trigger is on."""

    ACTIVE = "active"
    INACTIVE = "inactive"


class ScheduleType(StrEnum):
    """What starts a run."""

    API = "api"
    EVENT = "event"
    TIME = "time"


__getattr__ = _absent.attribute_error_of(__name__)
