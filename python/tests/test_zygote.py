"""Processes: a real zygote, driven as the host drives it."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import host
import pytest

from baton.worker.zygote import WARM

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="fork is the strategy of Linux")
pytestmark = linux


@pytest.fixture
def own_zygote():
    """A zygote for tests that end it."""
    zygote = host.Zygote()
    yield zygote
    zygote.close()


def test_hello_says_who_it_is(own_zygote):
    assert own_zygote.hello["protocol"] == 1
    assert own_zygote.hello["pid"] == own_zygote.process.pid
    assert own_zygote.hello["python"] == ".".join(map(str, sys.version_info[:3]))


def test_nothing_heavy_is_imported_for_a_block(run):
    result = run(
        """
        import sys
        @transformer
        def f():
            heavy = 'typing inspect dataclasses contextlib pathlib numpy pandas asyncio logging'.split()
            return [[name for name in heavy if name in sys.modules]]
        """
    )
    assert result.outputs == [[]]


def test_a_block_runs_and_says_so(run):
    result = run(
        """
        import sys
        @custom
        def f(x, **kwargs):
            print('out', x)
            print('err', file=sys.stderr)
            kwargs['logger'].info('hello', rows=3)
            return {'x': x}
        """,
        kind="custom",
        upstream=[7],
    )
    assert result.outputs == [{"x": 7}]
    assert (result.stdout, result.stderr) == ("out 7\n", "err\n")
    assert result.all("log") == [{"t": "log", "level": "INFO", "message": "hello", "tags": {"rows": 3}}]
    assert result.exited["code"] == 0


@pytest.mark.parametrize(
    ("body", "code", "number"),
    [
        ("import ctypes; ctypes.string_at(0)", None, signal.SIGSEGV),
        ("import os; os._exit(3)", 3, None),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", None, signal.SIGTERM),
        ("import os; os.abort()", None, signal.SIGABRT),
    ],
)
def test_the_end_of_a_process_is_reported(run, body, code, number):
    result = run(f"@transformer\ndef f():\n    {body}\n")
    assert result.messages == []
    assert (result.exited["code"], result.exited["signal"]) == (code, number)


def test_a_crash_in_c_names_its_line(run):
    result = run("@transformer\ndef f():\n    import ctypes\n    ctypes.string_at(0)\n")
    assert "Segmentation fault" in result.stderr
    assert 'clean.py", line 4 in f' in result.stderr


def test_an_endless_loop_can_be_killed(zygote, job):
    block = zygote.fork()
    block.peer.send(job("@transformer\ndef f(**kwargs):\n    kwargs['logger'].info('in')\n    while True: pass\n"))
    block.peer.expect("log")
    block.kill()
    assert zygote.expect("exited", block.id)["signal"] == signal.SIGKILL
    block.close()


def test_blocks_run_side_by_side(zygote, job):
    code = "@transformer\ndef f(**kwargs):\n    return kwargs['n']\n"
    blocks = [zygote.fork() for _ in range(10)]
    results = [block.run(job(code, kwargs={"n": n})) for n, block in enumerate(blocks)]
    assert [result.outputs for result in results] == [[n] for n in range(10)]


def test_random_numbers_differ_between_blocks(run):
    code = "import random\n@transformer\ndef f():\n    return random.random()\n"
    assert run(code).outputs != run(code).outputs


def test_a_block_has_no_descriptors_of_others(zygote, job):
    other = zygote.fork()
    code = """
    import os
    @transformer
    def f():
        return [sorted(os.readlink(f'/proc/self/fd/{n}').split(':')[0] for n in os.listdir('/proc/self/fd')
                       if os.path.lexists(f'/proc/self/fd/{n}'))]
    """
    block = zygote.fork()
    result = block.run(job(code))
    # Standard input, output, error, and the control socket.
    assert result.outputs == [["/dev/null", "pipe", "pipe", "socket"]]
    for each in (other, block):
        each.close()
    zygote.expect("exited", other.id)


def test_a_block_process_is_a_clean_one(run):
    result = run(
        """
        import gc, os, signal, sys
        @transformer
        def f():
            return {
                'leader': os.getpid() == os.getsid(0),
                'oom': open('/proc/self/oom_score_adj').read().strip(),
                'interrupt': signal.getsignal(signal.SIGINT) is signal.default_int_handler,
                'child': signal.getsignal(signal.SIGCHLD) == signal.SIG_DFL,
                'filesize': signal.getsignal(signal.SIGXFSZ) == signal.SIG_IGN,
                'gc': gc.isenabled(),
                'stdin': sys.stdin.read(),
                'argv': [os.path.basename(a) for a in sys.argv],
            }
        """
    )
    assert result.outputs == [
        {
            "leader": True,
            "oom": "500",
            "interrupt": True,
            "child": True,
            "filesize": True,
            "gc": True,
            "stdin": "",
            "argv": ["clean.py"],
        }
    ]


SETSID = """
import os, subprocess, sys, time
@transformer
def f(**kwargs):
    # A daemon in the old way: a session of its own, forked twice.
    code = ("import os, time\\n"
            "os.setsid()\\n"
            "if os.fork() == 0:\\n"
            "    os.setsid()\\n"
            "    print(os.getpid(), flush=True)\\n"
            "    time.sleep(600)\\n")
    child = subprocess.Popen([sys.executable, '-c', code], stdout=subprocess.PIPE, text=True)
    kwargs['logger'].info(child.stdout.readline().strip())
    {then}
"""


def test_what_a_block_leaves_behind_is_gone_when_its_end_is_reported(run):
    result = run(SETSID.format(then="return 1"))
    daemon = int(result.all("log")[0]["message"])
    assert result.done
    assert not host.alive(daemon)


@pytest.mark.parametrize("where", ["bare", "warm"])
def test_nothing_outlives_the_host(own_zygote, job, where):
    zygote = own_zygote if where == "bare" else own_zygote.warm()
    block = zygote.fork()
    block.peer.send(job(SETSID.format(then="time.sleep(600)")))
    daemon = int(block.peer.expect("log")["message"])
    pids = [daemon, block.pid, zygote.hello["pid"], own_zygote.process.pid]
    assert all(host.alive(pid) for pid in pids)
    started = time.monotonic()
    own_zygote.peer.close()
    zygote.peer.close()
    own_zygote.process.wait(host.PATIENCE)
    assert not any(host.alive(pid) for pid in pids)
    assert time.monotonic() - started < 2


def test_a_killed_zygote_takes_its_blocks_along(own_zygote, job):
    block = own_zygote.fork()
    block.peer.send(job("import time\n@transformer\ndef f(**k):\n    k['logger'].info('in')\n    time.sleep(600)\n"))
    block.peer.expect("log")
    os.kill(own_zygote.process.pid, signal.SIGKILL)
    assert host.wait_until(lambda: not host.alive(block.pid), 2)


def test_a_warm_zygote_has_imported_what_frames_need(own_zygote, job):
    warm = own_zygote.warm()
    assert warm.hello["pid"] != own_zygote.hello["pid"]
    code = f"""
    import sys
    @transformer
    def f():
        return [[name for name in {WARM} if name in sys.modules]]
    """
    block = warm.fork()
    result = block.run(job(code))
    block.close()
    missing = {name.partition(".")[0] for name in WARM if not _importable(name.partition(".")[0])}
    expected = [name for name in WARM if not any(part in name for part in missing)]
    assert result.outputs == [expected]


def test_numpy_draws_other_numbers_in_each_block(own_zygote, job):
    pytest.importorskip("numpy")
    warm = own_zygote.warm()
    code = "import numpy as np\n@transformer\ndef f():\n    return float(np.random.rand())\n"
    drawn = [warm.fork().run(job(code)).outputs[0] for _ in range(3)]
    assert len(set(drawn)) == 3


def _importable(name):
    return importlib.util.find_spec(name) is not None


def test_another_version_is_refused(zygote, job):
    block = zygote.fork()
    result = block.run({**job("x = 1"), "protocol": 99})
    assert "version 1" in result.error["message"]


def test_a_process_without_a_job_leaves(zygote):
    block = zygote.fork()
    block.peer.close()
    assert zygote.expect("exited", block.id)["code"] == 0


def test_a_cancel_before_the_job_leaves_without_words(zygote):
    block = zygote.fork()
    status = Path(f"/proc/{block.pid}/status")

    def hears():
        ignored = int(status.read_text().split("SigIgn:")[1].split()[0], 16)
        return not ignored & 1 << signal.SIGINT - 1

    assert host.wait_until(hears)  # what comes earlier goes unheard, and the host kills it
    os.kill(block.pid, signal.SIGINT)
    assert zygote.expect("exited", block.id)["code"] == 130
    assert block.stderr.read() == b""
    block.close()


def test_an_unknown_message_ends_the_zygote(own_zygote):
    own_zygote.peer.send({"t": "dance"})
    assert b"unknown message 'dance'" in own_zygote.process.stderr.read()


def test_a_spawned_worker_runs_one_job(job):
    process, peer = host.start("worker")
    assert peer.expect("hello")["pid"] == process.pid
    peer.send(job("@transformer\ndef f():\n    print('hi')\n    return 5\n"))
    messages = peer.rest()
    assert [message["t"] for message in messages] == ["output", "usage", "done"]
    stdout, stderr = process.communicate(timeout=host.PATIENCE)
    assert (stdout, stderr, process.returncode) == (b"hi\n", b"", 0)


def test_a_spawned_worker_follows_its_host(job):
    process, peer = host.start("worker")
    peer.expect("hello")
    peer.send(job(SETSID.format(then="time.sleep(600)")))
    daemon = int(peer.expect("log")["message"])
    peer.close()
    process.wait(host.PATIENCE)
    assert host.wait_until(lambda: not host.alive(daemon), 2)


def test_unknown_roles_are_named():
    done = subprocess.run(
        [sys.executable, "-c", host.BOOTSTRAP, host.LIBRARY, "dancer"], stdin=subprocess.DEVNULL, capture_output=True
    )
    assert done.returncode != 0


DEPTH = """
import time
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
def measure():
    best = None
    for _ in range(5):
        start = time.process_time()
        fib(22)
        took = time.process_time() - start
        best = took if best is None else min(best, took)
    return best
"""


def test_recursion_in_a_block_costs_what_it_costs_in_a_script(run):
    """At some depths of the stack CPython runs recursion many times slower; user code must not start there."""
    script = subprocess.run([sys.executable, "-c", DEPTH + "print(measure())"], capture_output=True, check=True)
    block = run(DEPTH + "@transformer\ndef f():\n    return measure()\n")
    assert block.outputs[0] < 4 * float(script.stdout)


def test_what_is_slow_to_import_is_imported_on_request(own_zygote, job):
    """A block that is forked afterwards finds it, and computes with it, threads and all."""
    warm = own_zygote.warm()
    loaded = job("import sys\n@transformer\ndef f(): return 'sklearn.linear_model' in sys.modules\n")
    assert warm.fork().run(loaded).outputs == [False]
    warm.peer.send({"t": "preload", "modules": ["sklearn", "unheard_of"]})
    while warm.fork().run(loaded).outputs != [True]:
        assert warm.cpu_seconds() < 60, "it does other work than to import"
    fit = job(
        "import numpy as np\nfrom sklearn.linear_model import LinearRegression\n"
        "from sklearn.ensemble import RandomForestRegressor\n"
        "@transformer\n"
        "def f():\n"
        "    x = np.arange(4000.0).reshape(-1, 2)\n"
        "    forest = RandomForestRegressor(4, n_jobs=2, random_state=0).fit(x, x[:, 0])\n"
        "    assert np.linalg.svd(np.ones((300, 300)))[1][0] > 299\n"
        "    y = x[:, 0] * 2\n"
        "    return [round(float(LinearRegression().fit(x, y).score(x, y)), 6), forest.n_features_in_]\n"
    )
    assert warm.fork().run(fit).outputs == [1.0, 2]
    warm.close()
