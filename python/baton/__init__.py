"""Baton's Python side: what block code imports, and the worker that runs it.

    from baton import transformer, test

Importing this package imports nothing else: each name is looked up when it is first used.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from baton.config import (
        AWSSecretLoader,
        BaseConfigLoader,
        ConfigFileLoader,
        ConfigKey,
        EnvironmentVariableLoader,
        IOConfig,
    )
    from baton.decorators import (
        callback,
        condition,
        custom,
        data_exporter,
        data_loader,
        extension,
        on_failure,
        on_success,
        preprocesser,
        sensor,
        streaming_sink,
        streaming_source,
        test,
        transformer,
    )
    from baton.files import (
        FileFormat,
        FileIO,
    )
    from baton.global_products import (
        GlobalDataProduct,
    )
    from baton.metadata import (
        RepoConfig,
        get_repo_config,
    )
    from baton.objects import (
        S3,
        AzureBlobStorage,
        BackblazeB2,
        GoogleCloudStorage,
    )
    from baton.pipelines import (
        Block,
        Pipeline,
    )
    from baton.project import (
        get_data_dir,
        get_repo_name,
        get_repo_path,
        get_variables_dir,
    )
    from baton.runs import (
        BlockRun,
        PipelineRun,
        PipelineSchedule,
        check_status,
    )
    from baton.secrets import (
        create_secret,
        delete_secret,
        get_secret_value,
    )
    from baton.services.jobs import (
        Airbyte,
        DbtCloudClient,
        HightouchClient,
        Metaplane,
        StitchClient,
    )
    from baton.services.messages import (
        send_discord_message,
        send_email,
        send_google_chat_message,
        send_opsgenie_alert,
        send_slack_message,
        send_teams_message,
        send_telegram_message,
    )
    from baton.streaming import (
        BasePythonSink,
        BasePythonSource,
    )
    from baton.triggers import (
        trigger_pipeline,
    )
    from baton.variables import (
        VariableManager,
        delete_global_variable,
        get_global_variable,
        get_global_variables,
        get_variable,
        get_variables,
        set_global_variable,
    )

__version__ = "0.1.0"

_HOME = {
    "AWSSecretLoader": "baton.config",
    "Airbyte": "baton.services.jobs",
    "AzureBlobStorage": "baton.objects",
    "BackblazeB2": "baton.objects",
    "BaseConfigLoader": "baton.config",
    "BasePythonSink": "baton.streaming",
    "BasePythonSource": "baton.streaming",
    "Block": "baton.pipelines",
    "BlockRun": "baton.runs",
    "ConfigFileLoader": "baton.config",
    "ConfigKey": "baton.config",
    "DbtCloudClient": "baton.services.jobs",
    "EnvironmentVariableLoader": "baton.config",
    "FileFormat": "baton.files",
    "FileIO": "baton.files",
    "GlobalDataProduct": "baton.global_products",
    "GoogleCloudStorage": "baton.objects",
    "HightouchClient": "baton.services.jobs",
    "IOConfig": "baton.config",
    "Metaplane": "baton.services.jobs",
    "Pipeline": "baton.pipelines",
    "PipelineRun": "baton.runs",
    "PipelineSchedule": "baton.runs",
    "RepoConfig": "baton.metadata",
    "S3": "baton.objects",
    "StitchClient": "baton.services.jobs",
    "VariableManager": "baton.variables",
    "callback": "baton.decorators",
    "check_status": "baton.runs",
    "condition": "baton.decorators",
    "create_secret": "baton.secrets",
    "custom": "baton.decorators",
    "data_exporter": "baton.decorators",
    "data_loader": "baton.decorators",
    "delete_global_variable": "baton.variables",
    "delete_secret": "baton.secrets",
    "extension": "baton.decorators",
    "get_data_dir": "baton.project",
    "get_global_variable": "baton.variables",
    "get_global_variables": "baton.variables",
    "get_repo_config": "baton.metadata",
    "get_repo_name": "baton.project",
    "get_repo_path": "baton.project",
    "get_secret_value": "baton.secrets",
    "get_variable": "baton.variables",
    "get_variables": "baton.variables",
    "get_variables_dir": "baton.project",
    "on_failure": "baton.decorators",
    "on_success": "baton.decorators",
    "preprocesser": "baton.decorators",
    "send_discord_message": "baton.services.messages",
    "send_email": "baton.services.messages",
    "send_google_chat_message": "baton.services.messages",
    "send_opsgenie_alert": "baton.services.messages",
    "send_slack_message": "baton.services.messages",
    "send_teams_message": "baton.services.messages",
    "send_telegram_message": "baton.services.messages",
    "sensor": "baton.decorators",
    "set_global_variable": "baton.variables",
    "streaming_sink": "baton.decorators",
    "streaming_source": "baton.decorators",
    "test": "baton.decorators",
    "transformer": "baton.decorators",
    "trigger_pipeline": "baton.triggers",
}

__all__ = [
    "S3",
    "AWSSecretLoader",
    "Airbyte",
    "AzureBlobStorage",
    "BackblazeB2",
    "BaseConfigLoader",
    "BasePythonSink",
    "BasePythonSource",
    "Block",
    "BlockRun",
    "ConfigFileLoader",
    "ConfigKey",
    "DbtCloudClient",
    "EnvironmentVariableLoader",
    "FileFormat",
    "FileIO",
    "GlobalDataProduct",
    "GoogleCloudStorage",
    "HightouchClient",
    "IOConfig",
    "Metaplane",
    "Pipeline",
    "PipelineRun",
    "PipelineSchedule",
    "RepoConfig",
    "StitchClient",
    "VariableManager",
    "callback",
    "check_status",
    "condition",
    "create_secret",
    "custom",
    "data_exporter",
    "data_loader",
    "delete_global_variable",
    "delete_secret",
    "extension",
    "get_data_dir",
    "get_global_variable",
    "get_global_variables",
    "get_repo_config",
    "get_repo_name",
    "get_repo_path",
    "get_secret_value",
    "get_variable",
    "get_variables",
    "get_variables_dir",
    "on_failure",
    "on_success",
    "preprocesser",
    "send_discord_message",
    "send_email",
    "send_google_chat_message",
    "send_opsgenie_alert",
    "send_slack_message",
    "send_teams_message",
    "send_telegram_message",
    "sensor",
    "set_global_variable",
    "streaming_sink",
    "streaming_source",
    "test",
    "transformer",
    "trigger_pipeline",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'baton' has no attribute {name!r}; it offers {', '.join(__all__)}")
    import importlib

    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value
