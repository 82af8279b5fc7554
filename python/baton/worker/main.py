"""The top of every worker process: takes over the control socket, becomes what it was started as, runs its block.

A process is started as `python -c BOOTSTRAP LIBRARY zygote|worker [warm] [SHIELD]` with the socket as standard input,
where BOOTSTRAP puts LIBRARY at the head of `sys.path`, drops the empty entry of `-c`, and calls `main`. It also has our
modules compiled to files, whatever the environment says about bytecode: without them a start takes twice as long.
"""

from __future__ import annotations

import _socket
import os
import sys

from baton.worker.hello import hello

_MOST_DESCRIPTORS = 1 << 20


def main() -> None:
    """Do what the arguments say. Does not return."""
    role, *options = sys.argv[2:]
    control = _take_control()
    unshielded = _shield(options)
    try:
        if role == "zygote":
            control.sendall(hello(unshielded))  # before the imports: the host can go on
            from baton.worker import zygote

            forked = zygote.start(control, role="bare")
            from baton.worker import attempt

            channel = attempt.enter_forked(forked)
        elif role == "worker":
            from baton.worker import attempt

            channel = attempt.enter_spawned(control, warm="warm" in options)
        else:
            sys.exit(f"unknown role {role!r}: a worker is started as `zygote` or `worker`")
        # User code runs below this call and nothing else, whatever happened before: see `zygote`.
        attempt.run(channel, follow_host=role == "worker")
    except KeyboardInterrupt:
        os._exit(130)  # cancelled before its job began: from then on the attempt says how it ended


def _shield(options: list[str]) -> str | None:
    """Keep away from Baton's state if we are told to. Why that does not work, unless it does, or has to."""
    order = next((option for option in options if option.startswith("{")), None)
    if order is None:
        return None
    import json

    from baton.worker.shield import apply

    orders = json.loads(order)
    reason = apply(orders)
    if reason is not None and orders["forced"]:
        sys.exit(f"blocks cannot be kept away from Baton's state: {reason}")
    return reason


def _take_control() -> _socket.socket:
    """Move the control socket from standard input to a descriptor of its own."""
    control = os.dup(0)  # not inherited by programs that a block starts
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.close(null)
    highest = os.sysconf("SC_OPEN_MAX")
    if not 0 < highest < _MOST_DESCRIPTORS:
        highest = _MOST_DESCRIPTORS
    # Whoever started the host may have left others open, and a pipe that stays open has no end for its reader.
    os.closerange(3, control)
    os.closerange(control + 1, highest)
    return _socket.socket(fileno=control)
