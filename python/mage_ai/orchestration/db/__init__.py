"""The connection that code opens before it looks at runs. There is none to open."""

from __future__ import annotations

from mage_ai import _absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

__all__ = [
    "db_connection",
]


class _Connection:
    """Stands for the connection to the database: records of runs are asked for one by one."""

    def start_session(self, *_arguments: object, **_options: object) -> None:
        """Do nothing: no session is needed."""

    def close_session(self) -> None:
        """Do nothing: there is no session."""

    def __getattr__(self, name: str) -> NoReturn:
        message = _absent.message_for(f"{__name__}.db_connection.{name}")
        raise AttributeError(message)


db_connection = _Connection()

__getattr__ = _absent.attribute_error_of(__name__)
