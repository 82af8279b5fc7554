"""Writes the projects that the benchmarks run, and the plain Python scripts that do the same work.

The code of a block and of its plain counterpart comes from one string, so that both sides do the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

FOLDERS = {"data_loader": "data_loaders", "transformer": "transformers", "data_exporter": "data_exporters"}

FIB = """\
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
"""

# Eight columns of mixed types. The seed is fixed, so that every run produces the same bytes.
LOAD = """\
import numpy as np
import pandas as pd


def load(rows):
    random = np.random.default_rng(7)
    words = np.array(["amber", "blue", "coral", "denim", "ebony", "fawn", "green", "hazel"], dtype=object)
    return pd.DataFrame(
        {
            "id": np.arange(rows),
            "grade": random.integers(0, 1000, rows),
            "price": random.random(rows),
            "weight": random.random(rows) * 100,
            "colour": words[random.integers(0, len(words), rows)],
            "customer": "customer-" + pd.Series(random.integers(0, 100_000, rows)).astype(str),
            "sold": pd.Timestamp("2025-01-01") + pd.to_timedelta(random.integers(0, 31_536_000, rows), unit="s"),
            "paid": random.integers(0, 2, rows) == 1,
        }
    )
"""

CHANGE = """\
def change(frame):
    frame = frame[frame["grade"] < 500].copy()
    frame["value"] = frame["price"] * frame["weight"]
    return frame
"""

WRITE = """\
def write(frame, path):
    frame.to_parquet(path)
"""


@dataclass
class Block:
    """A block: its file's text and where it stands."""

    uuid: str
    kind: str
    code: str
    upstream: list[str] = field(default_factory=list)
    configuration: str = "{}"


def write_pipeline(project: Path, uuid: str, blocks: list[Block]) -> None:
    """Adds a pipeline and the files of its blocks to a project."""
    lines = ["blocks:" if blocks else "blocks: []"]
    for block in blocks:
        folder = project / FOLDERS[block.kind]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{block.uuid}.py").write_text(block.code)
        downstream = [other.uuid for other in blocks if block.uuid in other.upstream]
        lines += [
            "- all_upstream_blocks_executed: false",
            f"  configuration: {block.configuration}",
            f"  downstream_blocks: [{', '.join(downstream)}]",
            "  executor_type: local_python",
            "  language: python",
            f"  name: {block.uuid}",
            "  status: not_executed",
            f"  type: {block.kind}",
            f"  upstream_blocks: [{', '.join(block.upstream)}]",
            f"  uuid: {block.uuid}",
        ]
    lines += [f"name: {uuid}", "type: python", f"uuid: {uuid}", "widgets: []", ""]
    folder = project / "pipelines" / uuid
    folder.mkdir(parents=True)
    (folder / "metadata.yaml").write_text("\n".join(lines))


def new_project(path: Path) -> Path:
    """An empty project."""
    path.mkdir(parents=True)
    (path / "metadata.yaml").write_text("project_type: standalone\nvariables_dir: ~/.mage_data\n")
    (path / "io_config.yaml").write_text("version: 0.1.1\ndefault: {}\n")
    (path / "requirements.txt").write_text("")
    return path


def fib_block(uuid: str, kind: str, argument: int, upstream: list[str]) -> Block:
    """A block that computes one Fibonacci number."""
    code = f"{FIB}\n\n@{kind}\ndef run(*args, **kwargs):\n    return fib({argument})\n"
    return Block(uuid, kind, code, upstream)


def chain(name: str, length: int, argument: int) -> list[Block]:
    """Blocks that wait for each other."""
    blocks: list[Block] = []
    for number in range(length):
        kind = "transformer" if number else "data_loader"
        upstream = [blocks[-1].uuid] if blocks else []
        blocks.append(fib_block(f"{name}_{number:03}", kind, argument, upstream))
    return blocks


def fan(name: str, width: int, argument: int) -> list[Block]:
    """Blocks that know nothing of each other."""
    return [fib_block(f"{name}_{number:03}", "data_loader", argument, []) for number in range(width)]


def dynamic_blocks(name: str, children: int) -> list[Block]:
    """A dynamic block, a tiny child for each item, and a block that takes all of them."""
    load = f"@data_loader\ndef run(*args, **kwargs):\n    return [list(range({children}))]\n"
    child = f"{FIB}\n\n@transformer\ndef run(item, *args, **kwargs):\n    return item + fib(1)\n"
    check = "    assert sum(items) == sum(range(1, len(items) + 1)), items[:5]\n"
    reduce = f"@transformer\ndef run(items, *args, **kwargs):\n{check}    return len(items)\n"
    return [
        Block(f"{name}_items", "data_loader", load, configuration="{dynamic: true}"),
        Block(f"{name}_child", "transformer", child, [f"{name}_items"], "{reduce_output: true}"),
        Block(f"{name}_all", "transformer", reduce, [f"{name}_child"]),
    ]


def shared_frame_blocks(rows: int, columns: int, children: int, target: Path) -> list[Block]:
    """One numeric frame that every child of a dynamic block reads whole. Writes the most private memory of a child."""
    load = (
        "import numpy as np\nimport pandas as pd\n\n\n@data_loader\ndef run(*args, **kwargs):\n"
        f"    values = np.random.default_rng(7).random(({rows}, {columns}))\n"
        f"    return pd.DataFrame(values, columns=[f'c{{n}}' for n in range({columns})])\n"
    )
    items = f"@data_loader\ndef run(*args, **kwargs):\n    return [list(range({children}))]\n"
    # Dirty pages that no other process has: what a child costs beside the mapped file and the zygote it came from.
    child = (
        "import pandas as pd\n\n\ndef private_mb():\n"
        "    with open('/proc/self/smaps_rollup') as file:\n"
        "        lines = [line.split() for line in file]\n"
        "    return sum(int(line[1]) for line in lines if line[0] == 'Private_Dirty:') / 1024\n\n\n"
        "@transformer\ndef run(item, frame, *args, **kwargs):\n"
        "    total = sum(float(frame[name].sum()) for name in frame)\n"
        f"    assert frame.shape == ({rows}, {columns}) and total > 0\n"
        "    return private_mb()\n"
    )
    most = (
        "from pathlib import Path\n\n\n@transformer\ndef run(memory, *args, **kwargs):\n"
        f"    Path({str(target)!r}).write_text(str(max(memory)))\n"
    )
    return [
        Block("shared_load", "data_loader", load),
        Block("shared_items", "data_loader", items, configuration="{dynamic: true}"),
        Block("shared_child", "transformer", child, ["shared_items", "shared_load"], "{reduce_output: true}"),
        Block("shared_most", "transformer", most, ["shared_child"]),
    ]


def frame_blocks(rows: int, target: Path) -> list[Block]:
    """Load, filter and add a column, write Parquet."""
    return [
        Block(
            "frame_load",
            "data_loader",
            f"{LOAD}\n\n@data_loader\ndef run(*args, **kwargs):\n    return load({rows})\n",
        ),
        Block(
            "frame_change",
            "transformer",
            f"import pandas as pd\n\n\n{CHANGE}\n\n@transformer\ndef run(frame, *args, **kwargs):\n    return change(frame)\n",
            ["frame_load"],
        ),
        Block(
            "frame_write",
            "data_exporter",
            f"import pandas as pd\n\n\n{WRITE}\n\n@data_exporter\ndef run(frame, *args, **kwargs):\n    write(frame, {str(target)!r})\n",
            ["frame_change"],
        ),
    ]


def plain_frame(rows: int, target: Path) -> str:
    """The same three steps as one script, without any hand-off."""
    return f"{LOAD}\n\n{CHANGE}\n\n{WRITE}\n\nwrite(change(load({rows})), {str(target)!r})\n"


def plain_fib(calls: int, argument: int) -> str:
    """The same calls in one process."""
    return f"{FIB}\n\nfor _ in range({calls}):\n    fib({argument})\n"


def plain_pair(calls: int, argument: int) -> str:
    """The same calls, half of them in each of two processes."""
    return f"import os\n\n{FIB}\n\nchild = os.fork()\nfor _ in range({calls // 2}):\n    fib({argument})\nif not child:\n    os._exit(0)\nos.waitpid(child, 0)\n"


def plain_forks(count: int) -> str:
    """So many bare forks of a Python process that do nothing, one after the other."""
    return f"import os\n\nfor _ in range({count}):\n    child = os.fork()\n    if not child:\n        os._exit(0)\n    os.waitpid(child, 0)\n"


def interpreter_block(target: Path) -> list[Block]:
    """A block that tells which interpreter runs it."""
    code = (
        "import sys\nfrom pathlib import Path\n\n\n@data_loader\ndef run(*args, **kwargs):\n"
        f"    Path({str(target)!r}).write_text(sys.executable)\n"
    )
    return [Block("interpreter", "data_loader", code)]


def many_pipelines(path: Path, count: int) -> Path:
    """A project of many small pipelines, each with files of its own."""
    project = new_project(path)
    for number in range(count):
        write_pipeline(project, f"pipeline_{number:03}", chain(f"step_{number:03}", 3, 5))
    return project


def write_trigger(project: Path, pipeline: str, name: str, kind: str, interval: str = "null") -> None:
    """Adds an active trigger to a pipeline."""
    lines = [
        "triggers:",
        f"- name: {name}",
        f"  schedule_type: {kind}",
        f"  schedule_interval: {interval}",
        "  start_time: 2025-01-01 00:00:00",
        "  status: active",
        "",
    ]
    (project / "pipelines" / pipeline / "triggers.yaml").write_text("\n".join(lines))
