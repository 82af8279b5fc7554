"""Words of a pipeline's metadata, and the limits that Mage puts on previews."""

from __future__ import annotations

from mage_ai import _absent
from mage_ai.shared.enum import StrEnum

CHILD_DATA_VARIABLE_UUID = "output_0"
DATA_INTEGRATION_CATALOG_FILE = "data_integration_catalog.json"
DATAFRAME_ANALYSIS_KEYS = frozenset(["insights", "metadata", "statistics", "suggestions"])
DATAFRAME_ANALYSIS_MAX_COLUMNS = 100
DATAFRAME_ANALYSIS_MAX_ROWS = 100_000
DATAFRAME_SAMPLE_COUNT = 1000
DATAFRAME_SAMPLE_COUNT_PREVIEW = 10
DATAFRAME_SAMPLE_MAX_COLUMNS = 1000
DYNAMIC_CHILD_BLOCK_SAMPLE_COUNT_PREVIEW = 10
LOGS_SUBDIR = ".logs"
MAX_PRINT_OUTPUT_LINES = 1000
MAX_RESULTS_FOR_BLOCK_OUTPUTS_PREVIEW = 10
PIPELINES_FOLDER = "pipelines"
PIPELINE_CONFIG_FILE = "metadata.yaml"
PIPELINE_MAX_FILE_SIZE = 500_000
PIPELINE_RUN_STATUS_LAST_RUN_FAILED = "last_run_failed"
PREFERENCES_FILE = ".preferences.yaml"
PYTHON_COMMAND = "python3"
REPO_CONFIG_FILE = "metadata.yaml"
VARIABLE_DIR = ".variables"


class AIMode(StrEnum):
    """Whose language model helps."""

    OPEN_AI = "open_ai"
    HUGGING_FACE = "hugging_face"


class BlockType(StrEnum):
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


class BlockColor(StrEnum):
    """The color of a custom block."""

    BLUE = "blue"
    GREY = "grey"
    PINK = "pink"
    PURPLE = "purple"
    TEAL = "teal"
    YELLOW = "yellow"


class BlockLanguage(StrEnum):
    """What a block's file is written in."""

    MARKDOWN = "markdown"
    PYTHON = "python"
    R = "r"
    SQL = "sql"
    YAML = "yaml"


class BlockStatus(StrEnum):
    """What became of a block in the notebook."""

    EXECUTED = "executed"
    FAILED = "failed"
    NOT_EXECUTED = "not_executed"
    UPDATED = "updated"


class CallbackStatus(StrEnum):
    """After what a callback is called."""

    CANCELLED = "cancelled"
    FAILURE = "failure"
    SUCCESS = "success"


class ExecutorType(StrEnum):
    """Where a block runs."""

    AZURE_CONTAINER_INSTANCE = "azure_container_instance"
    ECS = "ecs"
    GCP_CLOUD_RUN = "gcp_cloud_run"
    K8S = "k8s"
    LOCAL_PYTHON_FORCE = "local_python_force"
    LOCAL_PYTHON = "local_python"
    PYSPARK = "pyspark"


class PipelineStatus(StrEnum):
    """Whether a pipeline has triggers, and what they do."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    NO_SCHEDULES = "no_schedules"


class PipelineType(StrEnum):
    """How a pipeline runs."""

    DATABRICKS = "databricks"
    EXECUTION_FRAMEWORK = "execution_framework"
    INTEGRATION = "integration"
    PYSPARK = "pyspark"
    PYTHON = "python"
    STREAMING = "streaming"


BLOCK_LANGUAGE_TO_FILE_EXTENSION = {
    BlockLanguage.MARKDOWN: "md",
    BlockLanguage.PYTHON: "py",
    BlockLanguage.R: "r",
    BlockLanguage.SQL: "sql",
    BlockLanguage.YAML: "yaml",
}
FILE_EXTENSION_TO_BLOCK_LANGUAGE = {
    **{extension: language for language, extension in BLOCK_LANGUAGE_TO_FILE_EXTENSION.items()},
    "yml": BlockLanguage.YAML,
}
BLOCK_TYPE_DIRECTORY_NAME = {kind: f"{kind.value}s" for kind in BlockType if kind is not BlockType.CUSTOM}
CALLBACK_STATUSES = [CallbackStatus.CANCELLED, CallbackStatus.FAILURE, CallbackStatus.SUCCESS]
CUSTOM_EXECUTION_BLOCK_TYPES = [
    BlockType.CHART,
    BlockType.CUSTOM,
    BlockType.DATA_EXPORTER,
    BlockType.DATA_LOADER,
    BlockType.DBT,
    BlockType.EXTENSION,
    BlockType.GLOBAL_DATA_PRODUCT,
    BlockType.SENSOR,
    BlockType.TRANSFORMER,
]
NON_PIPELINE_EXECUTABLE_BLOCK_TYPES = [BlockType.CHART, BlockType.MARKDOWN, BlockType.SCRATCHPAD]
PIPELINE_TYPE_DISPLAY_NAME_MAPPING = {
    PipelineType.INTEGRATION: "Data integration",
    PipelineType.PYTHON: "Batch",
    PipelineType.STREAMING: "Streaming",
}
SINGULAR_FOLDER_BLOCK_TYPES = [BlockType.CUSTOM]

__getattr__ = _absent.attribute_error_of(__name__)
