"""Files as data frames: `FileIO`."""

from __future__ import annotations

import os
import sys

import pytest


@pytest.fixture
def frame():
    pd = pytest.importorskip("pandas")
    return pd.DataFrame({"a": [1, 2], "b": ["x", "y"], "t": pd.to_datetime(["2026-01-01", "2026-01-02"])})


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("x.csv", {"index": False}),
        ("x.json", {}),
        ("x.parquet", {}),
        ("x.pq", {}),
        ("x.xlsx", {"index": False}),
        ("x.xml", {"index": False}),
        ("x.hdf5", {}),
        ("x.data", {"format": "csv", "index": False}),
    ],
)
def test_formats(frame, tmp_path, name, options):
    from mage_ai.io.base import FileFormat
    from mage_ai.io.file import FileIO

    needed = {".xlsx": "openpyxl", ".xml": "lxml", ".hdf5": "tables", ".parquet": "pyarrow", ".pq": "pyarrow"}
    if os.path.splitext(name)[1] in needed:
        pytest.importorskip(needed[os.path.splitext(name)[1]])
    path = tmp_path / name
    files = FileIO(verbose=False)
    assert not files.exists(path)
    files.export(frame, path, **options)
    assert files.exists(str(path))
    back = files.load(str(path), format=FileFormat.CSV if "format" in options else None)
    assert back[["a", "b"]].values.tolist() == [[1, "x"], [2, "y"]]


def test_what_export_keeps_from_mage(frame, tmp_path):
    from mage_ai.io.file import FileIO

    FileIO().export(frame, f"{tmp_path}/x.csv")
    assert list(FileIO().load(f"{tmp_path}/x.csv", limit=1).columns) == ["Unnamed: 0", "a", "b", "t"]
    assert len(FileIO().load(f"{tmp_path}/x.csv", limit=1)) == 2
    pytest.importorskip("pyarrow")
    FileIO().export(frame, f"{tmp_path}/x.parquet")
    assert str(FileIO().load(f"{tmp_path}/x.parquet")["t"].dtype) == "datetime64[ms]"


@pytest.mark.parametrize(
    ("name", "package", "action"),
    [
        ("x.xlsx", "openpyxl", "writing"),
        ("x.xlsx", "openpyxl", "reading"),
        ("x.xml", "lxml", "writing"),
        ("x.xml", "lxml", "reading"),
        ("x.hdf5", "tables", "writing"),
        ("x.hdf5", "tables", "reading"),
        ("x.parquet", "pyarrow", "writing"),
        ("x.parquet", "pyarrow", "reading"),
    ],
)
def test_a_missing_package_names_its_line(frame, tmp_path, monkeypatch, name, package, action):
    from mage_ai.io.file import FileIO

    path = tmp_path / name
    if action == "reading":
        pytest.importorskip(package)
        FileIO().export(frame, path)
    for module in [one for one in sys.modules if one.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, module)
    for absent in (package, "fastparquet", "xlsxwriter"):
        monkeypatch.setitem(sys.modules, absent, None)
    with pytest.raises(ModuleNotFoundError, match=f"{action} .*{name} needs the package `{package}`.*: install `"):
        FileIO().load(path) if action == "reading" else FileIO().export(frame, path)


def test_polars_where_it_has_no_writer(tmp_path):
    polars = pytest.importorskip("polars")
    for package in ("pandas", "pyarrow", "openpyxl"):
        pytest.importorskip(package)
    from mage_ai.io.file import FileIO

    lazy = polars.LazyFrame({"a": [1, 2]})
    FileIO().export(lazy, tmp_path / "x.csv")
    FileIO().export(lazy, tmp_path / "x.xlsx")
    assert FileIO().load(tmp_path / "x.csv").to_dict("list") == {"a": [1, 2]}
    assert FileIO().load(tmp_path / "x.xlsx").to_dict("list") == {"a": [1, 2]}


def test_options_go_to_pandas(frame, tmp_path):
    from mage_ai.io.file import FileIO

    FileIO().export(frame, tmp_path / "x.csv", sep=";", index=False)
    back = FileIO().load(tmp_path / "x.csv", sep=";", parse_dates=["t"], nrows=1)
    assert (len(back), str(back["t"].dtype)) == (1, "datetime64[ns]")
    with pytest.raises(OSError, match="non-existent directory"):
        FileIO().export(frame, tmp_path / "nowhere" / "x.csv")
    with pytest.raises(ValueError, match="unknown file format 'tsv'; known are csv, json"):
        FileIO().load(tmp_path / "x.csv", format="tsv")


def test_folders_are_joined(frame, tmp_path):
    from mage_ai.io.file import FileIO

    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        FileIO().export(frame, tmp_path / folder / "x.csv", index=False)
    (tmp_path / "two" / "deep").mkdir()
    FileIO().export(frame.assign(a=7), tmp_path / "two" / "deep" / "y.csv", index=False)
    (tmp_path / "one" / ".hidden").write_text("no table")
    found = FileIO().load(None, None, [tmp_path / "one", tmp_path / "two", tmp_path / "nowhere"], limit=1)
    assert found["a"].tolist() == [1, 2, 1, 2, 7, 7]
    assert found.index.tolist() == [0, 1, 2, 3, 4, 5]
    with pytest.raises(FileNotFoundError, match="hold no files"):
        FileIO().load(file_directories=[tmp_path / "nowhere"])


@pytest.mark.parametrize("name", ["x.h5", "x.txt", "x.tsv", "x.csv.gz", "x.CSV", "x"])
def test_unknown_extensions(frame, tmp_path, name):
    from mage_ai.io.file import FileIO

    with pytest.raises(ValueError, match="name it, for example"):
        FileIO().export(frame, tmp_path / name)


def test_export_of_other_things(tmp_path):
    from mage_ai.io.file import FileIO

    for value in ({"a": 1}, "text", [1]):
        with pytest.raises(TypeError, match="only pandas and Polars frames are exported"):
            FileIO().export(value, f"{tmp_path}/x.csv")
    with pytest.raises(ValueError, match="needs a `filepath`"):
        FileIO().load()


@pytest.mark.parametrize("name", ["x.csv", "x.json", "x.parquet"])
def test_polars_frames(tmp_path, name):
    polars = pytest.importorskip("polars")
    pytest.importorskip("pandas")
    from mage_ai.io.file import FileIO

    path = tmp_path / name
    FileIO().export(polars.DataFrame({"a": [1, 2], "b": ["x", "y"]}), path, index=False)
    assert FileIO().load(path).to_dict("list") == {"a": [1, 2], "b": ["x", "y"]}
