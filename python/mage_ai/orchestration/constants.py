"""For whom a secret is, and where a run keeps Mage's own variables."""

from __future__ import annotations

from mage_ai import _absent
from mage_ai.shared.enum import StrEnum

PIPELINE_RUN_MAGE_VARIABLES_KEY = "__mage_variables"


class Entity(StrEnum):
    """What something belongs to."""

    ANY = "any"
    GLOBAL = "global"
    PROJECT = "project"
    PIPELINE = "pipeline"


__getattr__ = _absent.attribute_error_of(__name__)
