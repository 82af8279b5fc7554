"""How the value a block returns becomes the files of a data product, and comes back as the value of the next block.

The rules (what arrives for what was returned) are in docs/reference/values.md. Importing this package imports nothing
but a few small modules of the standard library, and storing an `int` imports nothing more: pandas, pyarrow, Polars and
numpy are touched only for values that come from them.
"""

from baton.codecs.errors import Unstorable
from baton.codecs.products import outputs, read, write

__all__ = ["Unstorable", "outputs", "read", "write"]
