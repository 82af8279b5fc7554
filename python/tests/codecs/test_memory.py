"""What reading and writing cost in private memory. Measured in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from baton import codecs

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/smaps_rollup"), reason="needs /proc/self/smaps_rollup")

MEASURE = """
import sys, json, gc
import numpy as np, pandas as pd, pyarrow as pa
from baton import codecs

def private():
    # Not Private_Dirty: it also counts pages of the file that the disk has not got yet.
    gc.collect()
    with open("/proc/self/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Anonymous")) / 1024

folder = sys.argv[1]
"""

WRITE = """
frame = pd.DataFrame({f"c{i}": np.arange(1_000_000) * (i + 0.5) for i in range(20)})
message = codecs.write("output_0", frame, folder, lambda chunk: None, 1000)
with open(folder + "/message.json", "w") as file:
    json.dump(message, file)
print(len(message["files"]))
"""

READ = """
codecs.read(codecs.write("output_1", pd.DataFrame({"a": [1.5], "s": ["x"]}), folder, lambda chunk: None, 1000), folder)
with open(folder + "/message.json") as file:
    message = json.load(file)
before = private()
frame = codecs.read(message, folder)
assert sum(float(frame[name].sum()) for name in frame.columns) > 0
after = private()
frame["c3"] *= 2
changed = private()
print(after - before, changed - after)
"""

STREAM = """
frame = pd.DataFrame({f"c{i}": np.arange(4_000_000) * (i + 0.5) for i in range(10)})
frame["b"] = True
words = np.array(["alpha", "beta", None], dtype=object)
frame["s"] = words[np.arange(4_000_000) % 3]
codecs.write("output_1", frame.head(10), folder, lambda chunk: None, 1000)
before = private()
highest = []
codecs.write("output_0", frame, folder, lambda chunk: highest.append(private()), 1000)
print(max(highest) - before)
"""


def run(code: str, folder: Any) -> list[float]:
    library = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(codecs.__file__))))
    command = [sys.executable, "-c", MEASURE + code, str(folder)]
    result = subprocess.run(command, capture_output=True, text=True, cwd=library, check=False)
    assert result.returncode == 0, result.stderr
    return [float(number) for number in result.stdout.split()]


def test_a_frame_of_numbers_is_read_in_place(tmp_path: Any) -> None:
    assert run(WRITE, tmp_path) == [1]
    read, changed = run(READ, tmp_path)
    assert read < 60, "160 MB of numbers stay in the mapped file"
    assert changed < 40, "changing a column costs that column: 8 MB, and pandas' temporary"


def test_writing_takes_no_second_copy(tmp_path: Any) -> None:
    (extra,) = run(STREAM, tmp_path)
    assert extra < 120, "the frame has 350 MB"
