"""Runs the code of one block: its namespace, its function, its outputs, its tests.

Knows nothing of processes. User code is called from here and from `checks`, always at the same depth of the stack.
"""

from __future__ import annotations

import os
import time
import types

from baton.kinds import full_name
from baton.worker import attached, dynamic, transfer
from baton.worker import collector as collecting
from baton.worker.arguments import Shape, check_inputs, keywords_for, shape_of
from baton.worker.checks import run_tests
from baton.worker.errors import cap, is_out_of_room, text_of, type_name
from baton.worker.failure import BlockFailure
from baton.worker.frames import definition_of
from baton.worker.inputs import metadata_of, read_inputs, read_products
from baton.worker.logs import Logger
from baton.worker.syntax import compile_failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from baton.worker.job import Job
    from baton.worker.protocol import Channel
    from baton.worker.session import Session

# Types whose file holds a function under the decorator of the same name. Conditionals and callbacks belong to
# other blocks and are not run as blocks of their own.
RUNNABLE = ("data_loader", "transformer", "data_exporter", "custom", "sensor")
# A block of this type hands out what another pipeline has produced, and runs no code of the project.
PRODUCT = "global_data_product"
_SENSOR_POLL_SECONDS = 60.0
_LONGEST_REASON = 2_000
# Values that nobody needs any more and that stay all the same: when the process ends, the system takes back their
# memory at once and while the next block starts. To free ten million strings one by one takes half a second.
_left_to_the_system: list[Any] = []
# The last message of an attempt that ran through.
DONE = {"t": "done"}


def execute(job: Job, channel: Channel, session: Session) -> dict[str, Any]:
    """Run the block, send its outputs and the result of its tests.

    Gives the last message, or raises what ends the attempt.
    """
    if job.type == PRODUCT:
        return hand_out(job, channel, session)
    if job.type == "chart" and job.language == "python":
        from baton.worker import charts

        return charts.draw(job, channel, session)
    if job.language != "python" or job.type not in RUNNABLE:
        raise BlockFailure(
            "unsupported",
            f"Baton does not run blocks of type `{job.type}` in the language `{job.language}` yet",
        )
    if job.code is None:
        raise BlockFailure(
            "missing_file",
            f"the file of block `{job.uuid}` is missing",
            hint=f"create {job.path}, or remove the block from the pipeline",
        )
    kwargs = own_kwargs(job, channel, session)
    if job.conditions:
        reason = attached.unmet_condition(job, lambda: read_inputs(job, session.cache), kwargs)
        if reason is not None:
            return {"t": "condition_failed", "reason": cap(reason, _LONGEST_REASON)}
    code = compile_block(job.code, job.path, job.repo_path)
    earlier = transfer.earlier(job)
    if earlier is not None:
        kwargs["part_index"] = earlier.parts
    inputs = read_inputs(job, session.cache)
    namespace: dict[str, Any] = {}
    for number, (name, value) in enumerate(zip(job.upstream, inputs), 1):
        namespace[name] = namespace[f"df_{number}"] = value
        del value
    collector = collecting.Collector(namespace)
    for kind in (job.type, "test", "preprocesser"):
        namespace[kind] = collector.injected(kind, strict=job.strict and kind == "test")
    collecting.set_current(collector)
    exec(code, namespace)  # noqa: S102
    collecting.set_current(None)

    function = the_block(job, collector)
    for decorated in collector.of("preprocesser"):
        shape = fitting_shape(decorated.function, job, kwargs)
        decorated.function(*inputs, **keywords_for(shape, kwargs))
    shape = fitting_shape(function, job, kwargs)
    if job.type == "sensor":
        wait_for_sensor(function, shape, inputs, kwargs, job)
        return DONE
    value = function(*inputs, **keywords_for(shape, kwargs))
    if type(value) is types.CoroutineType:
        import asyncio

        value = asyncio.run(value)

    tests = [decorated.function for decorated in collector.of("test")] if job.run_tests else []
    if dynamic.yields(value, job):
        os.makedirs(job.staging, exist_ok=True)
        looked_at = bool(tests or (job.extensions and job.run_tests))
        # The host describes the files of an item when it hears of the item.
        items = dynamic.hand_over(
            value, lambda name, item: store_one(name, item, job, lambda _: None), channel.send, keep=looked_at
        )
        if tests:
            run_tests(tests, [items], job, kwargs, channel)
        if looked_at and job.extensions:
            attached.check_with_extensions(job, lambda: items, kwargs)
        return DONE
    outputs = outputs_of(value)
    del value
    if outputs:
        # What came from upstream goes before new frames are written, unless the block's text may still name it.
        del function, inputs
        for number, name in enumerate(job.upstream, 1):
            for unused in {name, f"df_{number}"}:
                if unused not in job.code:
                    namespace.pop(unused, None)
    elif job.mark is None:
        _left_to_the_system.append(inputs)
    if earlier is not None:
        outputs = earlier.with_new(outputs)
    if job.dynamic:
        channel.send(dynamic.items_of(outputs, job.uuid))
    if job.cache and not job.dynamic:
        session.cache[job.uuid] = list(outputs)
    if outputs and not tests and not job.extensions and job.mark is None:
        _left_to_the_system.append(outputs[-1])
    written = store(outputs, job, channel, earlier)
    if tests:
        run_tests(tests, stored_values(written, job) if written else [], job, kwargs, channel)
    if job.extensions and job.run_tests:
        attached.check_with_extensions(job, lambda: stored_values(written, job), kwargs)
    return DONE


def hand_out(job: Job, channel: Channel, session: Session) -> dict[str, Any]:
    """See to a fresh global data product and make its outputs those of the block. Gives the last message."""
    from baton import global_products
    from baton.remote import RemoteBlock

    kwargs = own_kwargs(job, channel, session)
    if job.conditions:
        reason = attached.unmet_condition(job, lambda: read_inputs(job, session.cache), kwargs)
        if reason is not None:
            return {"t": "condition_failed", "reason": cap(reason, _LONGEST_REASON)}
    settings = job.configuration.get("global_data_product") or {}
    variables = kwargs.get("variables")
    partition = kwargs.get("execution_partition")
    global_products.renew(
        settings,
        variables if isinstance(variables, dict) else None,
        [RemoteBlock(uuid, job.pipeline, partition) for uuid in job.upstream],
    )
    outputs = [global_products.outputs(settings)]
    if job.cache:
        session.cache[job.uuid] = list(outputs)
    store(outputs, job, channel)
    return DONE


def call_back(job: Job, channel: Channel, session: Session) -> dict[str, Any]:
    """Run the callbacks of a block that has ended. Gives the last message, or raises the first error in one of them."""
    kwargs = own_kwargs(job, channel, session)
    kwargs["pipeline_run"] = attached.CurrentRun(job.run, job.pipeline)
    if job.error is not None:
        kwargs["__error"] = attached.error_from(job.error)

    def output() -> Any:
        values = session.cache.get(job.uuid) or read_products(job.uuid, job.output)
        return values[0] if len(values) == 1 else values

    attached.call_back(job, output, kwargs)
    return DONE


def own_kwargs(job: Job, channel: Channel, session: Session) -> dict[str, Any]:
    """The keyword arguments of the run, and those that only this process can make."""
    kwargs = job.kwargs
    kwargs.update(configuration=job.configuration, context=session.context)
    if job.triggered:  # as in Mage: what is run by hand has none
        kwargs["logger"] = Logger(channel, job.uuid)
    kwargs.update(metadata_of(job))
    if "remote_blocks" in kwargs:
        from baton.remote import outputs_of as outputs_of_remote

        kwargs["remote_blocks"] = outputs_of_remote(kwargs["remote_blocks"])
    return kwargs


def stored_values(written: list[dict[str, Any]], job: Job) -> list[Any]:
    """The outputs, read back from where they were stored."""
    from baton import codecs

    return [codecs.read(message, folder=job.staging) for message in written]


def compile_block(text: str, path: str, repo_path: str) -> types.CodeType:
    """The code of a block's file. Tracebacks show the text that was planned, whatever the file holds by now."""
    import io
    import linecache

    # Lines as Python counts them; `splitlines` also ends them at form feeds and the like.
    lines = io.StringIO(text, newline=None).readlines()
    linecache.cache[path] = (len(text), None, lines, path)
    try:
        return compile(text, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise compile_failure(error, text, path, repo_path) from None


def the_block(job: Job, collector: collecting.Collector) -> Callable[..., Any]:
    """The first function that carries the decorator of the block's type."""
    found = collector.of(job.type)
    if len(found) > 1:
        names = [getattr(one.function, "__name__", "?") for one in found]
        print(  # noqa: T201
            f"The file has {len(found)} functions with @{job.type} ({', '.join(names)}): only the first one runs."
        )
    if found:
        return found[0].function
    others = [kind for kind in collector.found if kind not in ("test", "preprocesser")]
    frames = _candidate(collector, others, job)
    if others:
        hint = f"the file uses @{others[0]}: write @{job.type} there, or change the type of the block"
    elif frames:
        hint = f"put @{job.type} on the line above the function that is the block"
    else:
        hint = f"the file has no function: write one, with @{job.type} on the line above it"
    raise BlockFailure(
        "signature",
        f"block `{job.uuid}` is of type `{job.type}`, and its file has no function decorated with @{job.type}",
        frames=frames,
        hint=hint,
    )


def _candidate(collector: collecting.Collector, others: list[str], job: Job) -> list[dict[str, Any]]:
    """The line of the function that was most likely meant: one with another decorator, else the file's last one."""
    if others:
        return definition_of(collector.of(others[0])[0].function, job.repo_path)
    functions = [value for value in collector.defined() if value.__code__.co_filename == job.path]
    return definition_of(functions[-1], job.repo_path) if functions else []


def fitting_shape(function: Callable[..., Any], job: Job, kwargs: dict[str, Any]) -> Shape:
    """The parameters of a function that can be called with the block's inputs; raises if it cannot."""
    shape = shape_of(function)
    if job.type == "sensor" and not shape.positional and (shape.has_args or shape.has_kwargs):
        return shape  # it may leave its inputs alone
    try:
        check_inputs(shape, job.uuid, job.upstream, kwargs)
    except BlockFailure as failure:
        failure.frames = definition_of(function, job.repo_path)
        raise
    return shape


def wait_for_sensor(
    function: Callable[..., Any], shape: Shape, inputs: list[Any], kwargs: dict[str, Any], job: Job
) -> None:
    """Call a sensor until what it returns is true.

    It gets inputs when it names parameters, or has `*args` together with `**kwargs`, as in Mage.
    """
    pause = poll_seconds()
    if not shape.positional and not (shape.has_args and shape.has_kwargs):
        inputs = []
    keywords = keywords_for(shape, kwargs)
    while not function(*inputs, **keywords):
        print(f"Sensor {job.uuid} is not satisfied; the next try is in {pause:g} seconds.")  # noqa: T201
        time.sleep(pause)


def poll_seconds() -> float:
    """How long a sensor waits between two calls."""
    try:
        return max(0.0, float(os.environ["BATON_SENSOR_POLL_SECONDS"]))
    except (KeyError, ValueError):
        return _SENSOR_POLL_SECONDS


def outputs_of(value: Any) -> list[Any]:
    """The outputs that a returned value stands for."""
    if value is None:
        return []
    from baton import codecs

    outputs: list[Any] = codecs.outputs(value)
    return outputs


def store(
    outputs: list[Any], job: Job, channel: Channel, earlier: transfer.Earlier | None = None
) -> list[dict[str, Any]]:
    """Write the outputs, tell the host of each, and give the messages that describe them."""
    if not outputs:
        return []
    os.makedirs(job.staging, exist_ok=True)
    written: list[dict[str, Any]] = []
    for number, value in enumerate(outputs):
        outputs[number] = None  # what is written need not stay in memory
        message = store_one(f"output_{number}", value, job, channel.send)
        if earlier is not None:
            earlier.count(message)
        channel.send(message)
        written.append(message)
        del value
    return written


def store_one(name: str, value: Any, job: Job, emit: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Write one output and give the message that describes it. `emit` hears of its files as they are closed."""
    from baton import codecs

    try:
        return codecs.write(name, value, job.staging, emit, job.inline_bytes)
    except codecs.Unstorable as error:
        raise BlockFailure("unstorable", f"`{name}` cannot be stored: {error.message}", hint=error.hint) from error
    except Exception as error:
        if is_out_of_room(error):
            raise BlockFailure(
                "storage",
                f"`{name}` could not be written: {text_of(error)}",
                exception=type_name(error),
                hint="free space on the disk that holds Baton's state, or raise the limit on file size",
            ) from error
        raise BlockFailure(
            "unstorable",
            f"`{name}`, a {type_name_of(value)}, could not be stored: {type_name(error)}: {cap(text_of(error), 2_000)}",
            exception=type_name(error),
            hint="return a frame, a dict, a list, a number, text, or an object that can be pickled",
        ) from error


def type_name_of(value: object) -> str:
    """The type of a value, as people write it."""
    return full_name(type(value))
