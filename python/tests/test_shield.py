"""The shield between block code and Baton's state, with the real kernel."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys

import host
import pytest


def _landlock():
    if not sys.platform.startswith("linux"):
        return 0
    return ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1)


needs_landlock = pytest.mark.skipif(_landlock() < 2, reason="needs a kernel with Landlock of version 2")


@pytest.fixture
def state(tmp_path):
    """A state folder beside other things, and the order that keeps blocks away from it."""
    home = tmp_path / "home"
    products = home / "baton" / "projects" / "p" / "products"
    for folder in (products / "objects", products / "staging", home / "project"):
        folder.mkdir(parents=True)
    (home / "baton" / "secrets.key").write_text("key")
    (products / "objects" / "one").write_text("object")
    (home / "notes").write_text("notes")
    return home / "baton"


def order(state, *, forced):
    products = state / "projects" / "p" / "products"
    return json.dumps(
        {
            "state": str(state),
            "readable": [host.LIBRARY, str(products / "objects")],
            "writable": [str(products / "staging")],
            "forced": forced,
        }
    )


ATTEMPT = """
import os
@transformer
def f():
    def can(mode, path):
        try:
            open(path, mode).close()
        except PermissionError:
            return False
        return True
    home, products = {home!r}, {home!r} + '/baton/projects/p/products'
    found = {{
        'read key': can('rb', home + '/baton/secrets.key'),
        'write key': can('ab', home + '/baton/secrets.key'),
        'new in state': can('wb', home + '/baton/new'),
        'change object': can('ab', products + '/objects/one'),
        'read object': can('rb', products + '/objects/one'),
        'stage': can('wb', products + '/staging/new'),
        'read beside': can('rb', home + '/notes'),
        'write beside': can('ab', home + '/notes'),
        'new in project': can('wb', home + '/project/new'),
        'temporary': can('wb', '/dev/null') and can('wb', '/dev/shm/baton-shield-test'),
    }}
    os.unlink('/dev/shm/baton-shield-test')
    os.rename(home + '/project/new', home + '/project/moved')
    for name, act in (('remove', os.unlink), ('replace', lambda path: os.rename(home + '/project/moved', path))):
        try:
            act(home + '/baton/secrets.key')
            found[name] = True
        except PermissionError:
            found[name] = False
    return found
"""


@needs_landlock
def test_blocks_are_kept_away_from_the_state(state, job):
    process, peer = host.start("zygote", order(state, forced=True))
    zygote = host.Zygote(process, peer)
    assert "unshielded" not in zygote.hello
    staging = state / "projects" / "p" / "products" / "staging" / "1-1"
    staging.mkdir()
    attempt = {**job(ATTEMPT.format(home=str(state.parent))), "staging": str(staging)}
    (found,) = zygote.fork().run(attempt).outputs
    zygote.close()
    allowed = {name for name, is_allowed in found.items() if is_allowed}
    assert allowed == {"read object", "stage", "read beside", "write beside", "new in project", "temporary"}


def test_nobody_is_kept_from_making_files_beside_the_state(state):
    if not os.access(state.parent, os.W_OK):
        pytest.skip("needs a folder that this user may write to")
    process, peer = host.start("zygote", order(state, forced=False))
    zygote = host.Zygote(process, peer)
    assert "blocks may make files in" in zygote.hello["unshielded"]
    zygote.close()


def test_who_asks_for_the_shield_gets_it_or_nothing(state):
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from baton.worker import shield; import json\n"
        "shield._LEAST_VERSION = 99\n"
        "from baton.worker.main import _shield\n"
        "_shield([sys.argv[2]])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, host.LIBRARY, order(state, forced=True)], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "cannot be kept away from Baton's state" in done.stderr
