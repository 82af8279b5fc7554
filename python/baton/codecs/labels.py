"""Small things of pandas that belong in the manifest: column labels, categories, names, dtypes.

As tagged JSON where that gives the very same thing back, which is tried at once; else as pickle in base64.
"""

from __future__ import annotations

from baton.codecs import tagged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def encode(index: Any) -> dict[str, Any]:
    """An index as JSON."""
    import pandas as pd

    try:
        encoded: dict[str, Any] = {"names": tagged.tree(list(index.names))}
        if isinstance(index, pd.MultiIndex):
            encoded["tuples"] = tagged.tree([list(label) for label in index])
        else:
            encoded["labels"] = tagged.tree(index.tolist())
            encoded["dtype"] = str(index.dtype)
        if _same(decode(encoded), index):
            return encoded
    except Exception:  # noqa: BLE001, S110 - whatever is wrong with this form, there is another
        pass
    return encode_object(index)


def _same(one: Any, other: Any) -> bool:
    if type(one) is not type(other) or not one.identical(other):
        return False
    return all(type(a) is type(b) for a, b in zip(one.tolist(), other.tolist()))


def decode(encoded: dict[str, Any]) -> Any:
    """The index of what `encode` made."""
    import pandas as pd

    if "pickle" in encoded:
        return decode_object(encoded)
    names = tagged.value_of(encoded["names"])
    if "tuples" in encoded:
        tuples = [tuple(label) for label in tagged.value_of(encoded["tuples"])]
        return pd.MultiIndex.from_tuples(tuples, names=names)
    labels = tagged.value_of(encoded["labels"])
    return pd.Index(labels, dtype=encoded["dtype"], name=names[0], tupleize_cols=False)


def encode_object(value: object) -> dict[str, Any]:
    """Any object as JSON; tagged if it can be. Raises what pickle raises."""
    try:
        return {"value": tagged.tree(value)}
    except tagged.Untaggable:
        import base64

        from baton.codecs import pickled

        return {"pickle": base64.b64encode(pickled.dump(value)).decode("ascii")}


def decode_object(encoded: dict[str, Any]) -> Any:
    """The object of what `encode_object` made."""
    if "value" in encoded:
        return tagged.value_of(encoded["value"])
    import base64

    from baton.codecs import pickled

    return pickled.loads(base64.b64decode(encoded["pickle"]))
