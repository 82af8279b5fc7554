"""What every client of an object store has to do, against a server that speaks its protocol."""

from __future__ import annotations

import os

import pytest

FORMATS = {
    "orders.csv": {"index": False},
    "a b/ö €+%&?#.csv": {"index": False},
    "deep/er/orders.json": {},
    "orders.parquet": {},
    "orders.pq": {},
    "orders.xlsx": {"index": False},
    "orders.xls": {"index": False},
    "orders.xml": {"index": False},
    "orders.hdf5": {},
    "orders": {"format": "csv", "index": False},
}


class Contract:
    """Derived classes give `store`, a client whose `box` exists and is empty of `orders`, and `credentials`."""

    box = "shop"

    @pytest.fixture
    def frame(self):
        pd = pytest.importorskip("pandas")
        return pd.DataFrame({"a": [1, 2], "b": ["x", "ÿ"]})

    @pytest.mark.parametrize("key", FORMATS)
    def test_formats(self, store, frame, key):
        needed = {".xlsx": "openpyxl", ".xls": "openpyxl", ".xml": "lxml", ".hdf5": "tables"}.get(
            os.path.splitext(key)[1]
        )
        if needed:
            pytest.importorskip(needed)
        options = dict(FORMATS[key])
        store.export(frame, self.box, key, **options)
        assert store.exists(self.box, key)
        back = store.load(self.box, key, format=options.get("format"))
        assert back.to_dict("list") == frame.to_dict("list")
        assert store.load(self.box, key, format=options.get("format"), limit=1).to_dict("list") == {
            "a": [1],
            "b": ["x"],
        }

    def test_polars(self, store):
        polars = pytest.importorskip("polars")
        pytest.importorskip("pyarrow")
        for key in ("polars.csv", "polars.parquet", "polars.json"):
            store.export(polars.DataFrame({"a": [1, 2]}), self.box, key)
            assert store.load(self.box, key).to_dict("list") == {"a": [1, 2]}

    def test_options_go_to_pandas(self, store, frame):
        store.export(frame, self.box, "options.csv", sep=";", index=False)
        assert store.load(self.box, "options.csv", sep=";", usecols=["b"], nrows=1).to_dict("list") == {"b": ["x"]}
        # As in Mage: pandas writes the index, and Parquet keeps milliseconds.
        store.export(frame, self.box, "options.csv")
        assert list(store.load(self.box, "options.csv").columns) == ["Unnamed: 0", "a", "b"]

    def test_compressed_text(self, store, frame, tmp_path):
        frame.to_csv(tmp_path / "x.csv.gz", index=False)
        store.export(str(tmp_path / "x.csv.gz"), self.box, "packed/x.csv.gz")
        assert store.load(self.box, "packed/x.csv.gz", format="csv").to_dict("list") == frame.to_dict("list")

    def test_files_and_lists(self, store, frame, tmp_path):
        (tmp_path / "raw.bin").write_bytes(bytes(range(256)) * 64)
        for number in range(3):
            store.export(tmp_path / "raw.bin", self.box, f"lists/{number}.bin")
        assert store.list_objects(self.box, "lists/") == [f"lists/{number}.bin" for number in range(3)]
        assert store.list_objects(self.box, "nothing/") == []
        assert (store.exists(self.box, "lists/1"), store.exists(self.box, "ists")) == (True, False)
        store.download(self.box, "lists/1.bin", tmp_path / "copy.bin")
        assert (tmp_path / "copy.bin").read_bytes() == (tmp_path / "raw.bin").read_bytes()
        store.export(frame, self.box, "lists/0.bin", format="csv", index=False)  # in place of what was there
        assert len(store.load(self.box, "lists/0.bin", format="csv")) == 2

    def test_what_is_missing(self, store, frame, tmp_path):
        (tmp_path / "kept.csv").write_text("kept")
        for act in (
            lambda: store.load(self.box, "nothing here.csv"),
            lambda: store.download(self.box, "nothing here.csv", tmp_path / "kept.csv"),
        ):
            with pytest.raises(Exception) as caught:
                act()
            assert "`nothing here.csv` in `shop`" in caught.value.baton_hint
        assert [path.name for path in tmp_path.iterdir()] == ["kept.csv"]
        assert (tmp_path / "kept.csv").read_text() == "kept"
        for act in (lambda: store.export(frame, "nobox", "x.csv"), lambda: store.list_objects("nobox")):
            with pytest.raises(Exception) as caught:
                act()
            assert "`nobox`" in caught.value.baton_hint

    def test_what_cannot_be_written(self, store, frame):
        with pytest.raises(TypeError, match="only pandas and Polars frames are exported"):
            store.export({"a": 1}, self.box, "wrong.csv")
        with pytest.raises(ValueError, match="name it, for example"):
            store.export(frame, self.box, "wrong.tsv")
        assert not store.exists(self.box, "wrong")
