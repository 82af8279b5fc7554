"""Keeps block code away from Baton's own state: the database, the key of the secrets, other projects.

Landlock grants rights below folders and cannot take any away again. So everything is granted that lies beside the way
down to the state, and of the state what blocks need. New files directly in a folder on that way are then refused, which
nobody notices where only the system's owner may make some; elsewhere the shield has to be asked for.
"""

from __future__ import annotations

import os
import stat
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

# System calls of Landlock; they have the same numbers on every architecture.
_CREATE_RULESET = 444
_ADD_RULE = 445
_RESTRICT_SELF = 446
_ASK_VERSION = 1
_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38

_WRITE_FILE = 1 << 1
_READ_FILE = 1 << 2
_REMOVE_AND_MAKE = 0b1_1111_1111 << 4
_REFER = 1 << 13  # from version 2 on: before, files could not be moved from folder to folder at all
_TRUNCATE = 1 << 14  # from version 3 on
_FOR_FILES = _WRITE_FILE | _READ_FILE | _TRUNCATE
_LEAST_VERSION = 2

# Folders in which nobody makes files of his own, whatever he may.
_OF_THE_SYSTEM = frozenset(
    ("/", "/home", "/mnt", "/opt", "/srv", "/usr", "/usr/local", "/var", "/var/lib", "/var/local", "/var/opt")
)


def apply(order: dict[str, Any]) -> str | None:
    """Put this process and its descendants behind the shield. None when they are, else why not.

    `order` has `state`, the folder to keep away from; `readable` and `writable`, what lies in it and is needed; and
    `forced`, whether new files directly above it may be refused.
    """
    if not sys.platform.startswith("linux"):
        return "this system has no Landlock"
    state = os.path.realpath(order["state"])
    for folder in _above(state):
        if not order["forced"] and folder not in _OF_THE_SYSTEM and os.access(folder, os.W_OK):
            return f"blocks may make files in {folder}, which Landlock could not tell from the state below it"
    try:
        return _restrict(state, order["readable"], [*order["writable"], *_own_environment(state)])
    except OSError as error:
        return f"the system refuses it: {error}"


def _above(path: str) -> Iterator[str]:
    """The folders on the way to a path, from the root on."""
    folder = "/"
    for name in path.strip("/").split("/"):
        yield folder
        folder = os.path.join(folder, name)


def _own_environment(state: str) -> list[str]:
    """Where this interpreter has its packages, if that is part of the state: blocks may install some."""
    prefixes = {os.path.realpath(prefix) for prefix in (sys.prefix, sys.base_prefix)}
    return [prefix for prefix in prefixes if prefix.startswith(state + "/")]


def _restrict(state: str, readable: list[str], writable: list[str]) -> str | None:
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)

    def call(number: int, *arguments: Any) -> int:
        result = int(libc.syscall(ctypes.c_long(number), *arguments))
        if result < 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))
        return result

    try:
        version = call(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_ASK_VERSION))
    except OSError:
        return "this kernel has no Landlock"
    if version < _LEAST_VERSION:
        return "Landlock of this kernel is too old"
    every = _WRITE_FILE | _READ_FILE | _REMOVE_AND_MAKE | _REFER | (_TRUNCATE if version > _LEAST_VERSION else 0)
    attributes = struct.pack("=Q", every)
    rules = call(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0))
    try:
        for path, rights in _grants(state, readable, writable, every):
            try:
                place = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
            except OSError:  # it is gone, or nothing that this user can reach
                continue
            try:
                fitting = every if stat.S_ISDIR(os.fstat(place).st_mode) else every & _FOR_FILES
                rule = struct.pack("=Qi", rights & fitting, place)
                call(_ADD_RULE, ctypes.c_int(rules), ctypes.c_int(_PATH_BENEATH), rule, ctypes.c_uint32(0))
            finally:
                os.close(place)
        try:
            call(_RESTRICT_SELF, ctypes.c_int(rules), ctypes.c_uint32(0))
        except PermissionError:  # who is not the superuser has to give up the way to become it
            libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
            call(_RESTRICT_SELF, ctypes.c_int(rules), ctypes.c_uint32(0))
    finally:
        os.close(rules)
    return None


def _grants(state: str, readable: list[str], writable: list[str], every: int) -> Iterator[tuple[str, int]]:
    """Every path that gets rights, and which."""
    way = [*_above(state), state]
    for folder, next_one in zip(way, way[1:]):
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            if path != next_one:
                yield path, every
    for path in readable:
        yield os.path.realpath(path), _READ_FILE
    for path in writable:
        yield os.path.realpath(path), every
