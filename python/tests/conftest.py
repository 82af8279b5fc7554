"""Fixtures: a project folder, a zygote, and a way to run a block's text in it."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import host


@pytest.fixture
def project(tmp_path):
    """An empty project folder."""
    root = tmp_path / "shop"
    root.mkdir()
    (root / "metadata.yaml").write_text("variables_dir: ~/.mage_data\n")
    return root


@pytest.fixture(scope="session")
def zygote():
    """A bare zygote for all tests that do it no harm."""
    zygote = host.Zygote()
    yield zygote
    zygote.close()


@pytest.fixture
def job(project, tmp_path):
    """Make a job from the text of a block."""

    def make(code, *, kind="transformer", upstream=(), uuid="clean", **more):
        text = textwrap.dedent(code) if code is not None else None
        file = f"{kind}s/{uuid}.py" if kind != "custom" else f"custom/{uuid}.py"
        if text is not None:
            path = project / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        inputs = [
            {"block": f"up{number}", "products": [host.as_product(value)] if value is not None else []}
            for number, value in enumerate(upstream, 1)
        ]
        return {
            "t": "job",
            "protocol": 1,
            "run": 1,
            "attempt": 1,
            "pipeline": "sales",
            "repo_path": str(project),
            "block": {"uuid": uuid, "type": kind, "language": "python", "file": file, "configuration": {"k": 1}},
            "code": text,
            "inputs": inputs,
            "kwargs": {"env": "dev"},
            "environ": {"MAGE_REPO_PATH": str(project)},
            "staging": str(tmp_path / "staging"),
            "triggered": True,
            "run_tests": True,
            "inline_bytes": 16384,
            **more,
        }

    return make


@pytest.fixture
def run(zygote, job):
    """Run a block's text in a process of its own."""

    def run_block(code, **options):
        block = zygote.fork()
        try:
            return block.run(job(code, **options))
        finally:
            block.close()

    return run_block
