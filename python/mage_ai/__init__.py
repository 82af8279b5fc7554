"""The modules that blocks written for Mage import, offered by Baton.

What is not here fails with an error that names it and says what to use.
"""

from __future__ import annotations

from mage_ai import _absent

__getattr__ = _absent.attribute_error_of(__name__)

_absent.install()
