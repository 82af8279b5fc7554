"""The version of the protocol and the first message of a process.

Apart from the rest of the protocol because it imports nothing: the host hears of a process as soon as it exists.
"""

from __future__ import annotations

import os
import sys

VERSION = 1


def hello(unshielded: str | None = None) -> bytes:
    """The frame that says who we are; `unshielded`: why block code is not kept away from Baton's state."""
    python = ".".join(str(part) for part in sys.version_info[:3])
    body = f'{{"t":"hello","protocol":{VERSION},"python":"{python}","pid":{os.getpid()}}}'.encode()
    if unshielded is not None:
        import json

        body = body[:-1] + f',"unshielded":{json.dumps(unshielded)}}}'.encode()
    return len(body).to_bytes(4, "big") + body
