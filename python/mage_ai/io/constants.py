"""Words that the clients take."""

from __future__ import annotations

from mage_ai import _absent

UNIQUE_CONFLICT_METHOD_IGNORE = "IGNORE"
UNIQUE_CONFLICT_METHOD_UPDATE = "UPDATE"

# Names of columns that the clients put into quotes.
SQL_RESERVED_WORDS_SUBSET = {
    "AS",
    "DEFAULT",
    "FROM",
    "GROUP",
    "JOIN",
    "LIMIT",
    "ORDER",
    "REFERENCES",
    "SELECT",
    "TO",
    "USER",
    "WHERE",
}

__getattr__ = _absent.attribute_error_of(__name__)
