"""Where the exporters write."""

from pathlib import Path


def output_folder(variables: dict) -> Path:
    """The folder named by the variable `output_dir`, made if need be; a relative one lies in the project."""
    folder = Path(variables['repo_path']) / Path(variables.get('output_dir') or 'output').expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    return folder
