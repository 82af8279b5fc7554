"""Words of a pipeline's metadata."""

from __future__ import annotations

import enum

from mage_ai import _absent


class BlockType(str, enum.Enum):
    """What a block is for."""

    CALLBACK = "callback"
    CHART = "chart"
    CONDITIONAL = "conditional"
    CUSTOM = "custom"
    DATA_EXPORTER = "data_exporter"
    DATA_LOADER = "data_loader"
    DBT = "dbt"
    DYNAMIC_CHILD = "dynamic_child"
    EXTENSION = "extension"
    GLOBAL_DATA_PRODUCT = "global_data_product"
    GROUP = "group"
    HOOK = "hook"
    MARKDOWN = "markdown"
    PIPELINE = "pipeline"
    SCRATCHPAD = "scratchpad"
    SENSOR = "sensor"
    TRANSFORMER = "transformer"


class BlockLanguage(str, enum.Enum):
    """What a block's file is written in."""

    MARKDOWN = "markdown"
    PYTHON = "python"
    R = "r"
    SQL = "sql"
    YAML = "yaml"


class PipelineType(str, enum.Enum):
    """How a pipeline runs."""

    DATABRICKS = "databricks"
    INTEGRATION = "integration"
    PYSPARK = "pyspark"
    PYTHON = "python"
    STREAMING = "streaming"


__getattr__ = _absent.attribute_error_of(__name__)
