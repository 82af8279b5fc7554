"""Renders the Jinja text of configuration files, with the functions that projects call in it."""

from __future__ import annotations

import os
import warnings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def render(text: str, *, secrets: bool = True) -> str:
    """The text with its expressions evaluated. A variable of the environment that is not set becomes `None`."""
    if "{{" not in text and "{%" not in text and "{#" not in text:
        return text
    import jinja2

    functions: dict[str, Callable[..., Any]] = {"env_var": os.getenv, "json_value": json_value}
    if secrets:
        functions.update(mage_secret_var=mage_secret_var, **_cloud_secrets())
    template = jinja2.Environment(keep_trailing_newline=True).from_string(text)  # noqa: S701 -- it is not HTML
    return str(template.render(**functions))


def load_yaml(text: str) -> Any:
    """YAML as the user's own file: every tag that names a plain Python value.

    What is wrong with it is said with its place and without its text, which may hold secrets.
    """
    import yaml

    try:
        return yaml.load(text, Loader=yaml.FullLoader)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        message = f"the YAML cannot be read: {place}{error.problem or error.context}"
    raise yaml.YAMLError(message)


def mage_secret_var(name: str, *arguments: Any, **keywords: Any) -> str | None:
    """A secret of the project, as `get_secret_value` gives it. Where nobody can be asked it warns and gives nothing."""
    from baton.host import NoHostError
    from baton.secrets import get_secret_value

    try:
        return get_secret_value(name, *arguments, **keywords)
    except NoHostError as error:
        warnings.warn(f"the secret `{name}` is not available: {error}", stacklevel=2)
        return None


def json_value(text: str, path: str) -> Any:
    """The value at a path such as `a.b[0].c` of a JSON text. Text that is no JSON is given back as it is."""
    from mage_ai.shared.hash import get_json_value

    try:
        return get_json_value(text, path)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        message = f"`json_value` finds nothing at the path {path!r} of its JSON text"
    raise ValueError(message)


def _cloud_secrets() -> dict[str, Callable[..., Any]]:
    """Functions that ask a cloud for a secret, as far as its package is there."""
    import importlib.util

    found: dict[str, Callable[..., Any]] = {}
    if importlib.util.find_spec("boto3") is not None:
        found["aws_secret_var"] = aws_secret_var
    found["azure_secret_var"] = azure_secret_var
    return found


def aws_secret_var(name: str, key: str | None = None) -> Any:
    """A secret of the AWS Secrets Manager, or one field of a JSON secret."""
    from baton.services.clouds import aws_secret

    return aws_secret(name, key)


def azure_secret_var(name: str) -> Any:
    """A secret of the Azure Key Vault that `$AZURE_KEY_VAULT_URL` names."""
    from baton.services.clouds import azure_secret

    return azure_secret(name)
