"""Records of runs and triggers, to look at: `PipelineRun.query.filter(...)`."""

from __future__ import annotations

from baton.runs import BlockRun, PipelineRun, PipelineSchedule
from mage_ai import _absent

__all__ = [
    "BlockRun",
    "PipelineRun",
    "PipelineSchedule",
]

__getattr__ = _absent.attribute_error_of(__name__)
