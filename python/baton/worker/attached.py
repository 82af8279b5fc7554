"""Blocks that belong to another one: conditionals that decide whether it runs, callbacks that hear how it ended,
extensions that check what it produced.

Each runs in a namespace of its own that holds its decorators and nothing else.
"""

from __future__ import annotations

from baton.worker import collector as collecting
from baton.worker.arguments import shape_of
from baton.worker.errors import own_words, place_of, text_of, type_name
from baton.worker.failure import BlockFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from baton.worker.collector import Collector, Decorated
    from baton.worker.job import Attached, Job

CONDITION = ("condition",)
CALLBACK = ("callback", "on_success", "on_failure")
EXTENSION = ("extension",)
# What the older decorators stand for.
_LEGACY = {"on_success": "success", "on_failure": "failure"}


class CurrentRun:
    """The `pipeline_run` of a callback's keyword arguments. Its record is fetched when more than its name is asked."""

    def __init__(self, run: int, pipeline: str) -> None:
        self.id = run
        self.pipeline_uuid = pipeline

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        from baton.runs import PipelineRun

        record = PipelineRun.get(self.id)
        if record is None:
            raise AttributeError(f"run {self.id} is not recorded, so it has no `{name}`")
        self.__dict__["_record"] = record
        return getattr(record, name)

    def __repr__(self) -> str:
        return f"PipelineRun(id={self.id}, pipeline_uuid={self.pipeline_uuid!r})"


def collect(attached: Attached, job: Job, decorators: Sequence[str]) -> Collector:
    """Execute the file of an attached block and give what it has decorated."""
    from baton.worker.block import compile_block

    if attached.code is None:
        raise BlockFailure(
            "missing_file",
            f"the file of `{attached.uuid}`, which belongs to block `{job.uuid}`, is missing",
            hint=f"create {attached.path}, or remove `{attached.uuid}` from the pipeline",
        )
    code = compile_block(attached.code, attached.path, job.repo_path)
    namespace: dict[str, Any] = {}
    collector = collecting.Collector(namespace)
    for kind in decorators:
        namespace[kind] = collector.injected(kind)
    collecting.set_current(collector)
    try:
        exec(code, namespace)  # noqa: S102
    finally:
        collecting.set_current(None)
    return collector


def call(function: Callable[..., Any], inputs: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Call a function with as many inputs and those keyword arguments that it takes.

    Mage always passes all of them, so that a function which does not take them fails there.
    """
    shape = shape_of(function)
    if not shape.has_args:
        inputs = inputs[: len(shape.positional)]
    if not shape.has_kwargs:
        kwargs = {name: kwargs[name] for name in shape.required_keywords if name in kwargs}
    return function(*inputs, **kwargs)


def unmet_condition(job: Job, inputs: Callable[[], list[Any]], kwargs: dict[str, Any]) -> str | None:
    """Why the block must not run, or None when every condition is met.

    All functions of all conditionals are called. An exception counts as no, and so does a result that is neither
    true nor false, a frame for instance.
    """
    reasons: list[str] = []
    for attached in job.conditions:
        own = {**kwargs, "block_uuid": attached.uuid, "parent_block_uuid": job.uuid}
        try:
            functions = collect(attached, job, CONDITION).of("condition")
            if not functions:
                reasons.append(f"the conditional `{attached.uuid}` has no function decorated with @condition")
            for decorated in functions:
                # Read anew for each: a condition that changes its input changes nothing for others.
                if not call(decorated.function, inputs(), own):
                    name = getattr(decorated.function, "__name__", "condition")
                    function = "" if name == attached.uuid else f"`{name}` of "
                    reasons.append(f"{function}the conditional `{attached.uuid}` said no")
        except Exception as error:  # noqa: BLE001 -- whatever user code raises is a no
            words = f"the conditional `{attached.uuid}` raised {type_name(error)}: {_first_line(error)}"
            words += place_of(error, job.repo_path)
            print(words)  # noqa: T201
            reasons.append(words)
    return "; ".join(reasons) or None


def call_back(job: Job, output: Callable[[], Any], kwargs: dict[str, Any]) -> None:
    """Call the callbacks that want to hear of how the block ended. All run; the first error is raised at the end."""
    first: BaseException | None = None
    for attached in job.callbacks:
        own = {**kwargs, "block_uuid": attached.uuid, "parent_block_uuid": job.uuid}
        try:
            collector = collect(attached, job, CALLBACK)
        except Exception as error:  # noqa: BLE001
            first = first or error
            continue
        for kind in CALLBACK:
            for decorated in collector.of(kind):
                if wanted_status(kind, decorated) != job.on:
                    continue
                try:
                    _call_back_one(kind, decorated, job, output, own)
                except Exception as error:  # noqa: BLE001
                    first = first or error
    if first is not None:
        raise first


def wanted_status(kind: str, decorated: Decorated) -> str:
    """What a callback function wants to hear of. Bare and without argument it is success."""
    if kind in _LEGACY:
        return _LEGACY[kind]
    wanted = (*decorated.arguments, *decorated.keywords.values(), "success")[0]
    return str(getattr(wanted, "value", wanted))


def _call_back_one(
    kind: str, decorated: Decorated, job: Job, output: Callable[[], Any], kwargs: dict[str, Any]
) -> None:
    """The output of the block arrives as the positional input, or as `__input` when there is no parameter for it."""
    if kind in _LEGACY:
        call(decorated.function, (), kwargs)
        return
    shape = shape_of(decorated.function)
    if job.on == "cancelled":
        # There is no input; in Mage a function that asks for one is not called.
        call(decorated.function, ([],) if shape.positional else (), kwargs)
        return
    if shape.positional or shape.has_args:
        call(decorated.function, (output(),), kwargs)
        return
    if shape.has_kwargs:
        value = output()
        kwargs = {**kwargs, "__input": {job.uuid: value, "df_1": value}}
    call(decorated.function, (), kwargs)


def check_with_extensions(job: Job, outputs: Callable[[], list[Any]], kwargs: dict[str, Any]) -> None:
    """Let the extensions of a block look at what it produced; the first expectation that is not met is a failure."""
    from baton import expectations

    for attached in job.extensions:
        if attached.extension != "great_expectations":
            raise BlockFailure(
                "unsupported",
                f"`{attached.uuid}` belongs to the extension `{attached.extension}`, which Baton does not know",
                hint="remove it from `extensions` in the pipeline's metadata.yaml",
            )
        functions = collect(attached, job, EXTENSION).of("extension")
        frames = [value for value in outputs() if hasattr(value, "columns")]
        if not frames or not functions:
            continue
        validators = [expectations.validator_for(frame, job.uuid) for frame in frames]
        own = {**kwargs, "block_uuid": attached.uuid, "parent_block_uuid": job.uuid}
        for decorated in functions:
            call(decorated.function, validators, own)
        for validator in validators:
            failed = expectations.failed_expectation(validator)
            if failed is not None:
                raise BlockFailure(
                    "test_failed",
                    f"the extension `{attached.uuid}` of block `{job.uuid}`: {failed}",
                    exception="AssertionError",
                    hint="the outputs are stored: look at them, then mend the block or its expectations",
                )


def error_from(described: dict[str, Any]) -> BaseException:
    """An exception like the one that ended the block: of its class where that can be found, with its words."""
    name = str(described.get("exception") or "Exception")
    words = own_words(str(described.get("message") or ""))
    kind = _class_named(name)
    if kind is None:
        kind = type(name.rpartition(".")[2], (Exception,), {"__module__": name.rpartition(".")[0] or "builtins"})
    error = kind.__new__(kind, words)
    error.args = (_key_of(words) if issubclass(kind, KeyError) else words,)
    return error


def _key_of(words: str) -> Any:
    """The key of a `KeyError`, whose words are the key as Python writes it."""
    import ast

    try:
        return ast.literal_eval(words)
    except (SyntaxError, ValueError):
        return words


def _class_named(name: str) -> type[BaseException] | None:
    import builtins
    import importlib

    module, _, attribute = name.rpartition(".")
    try:
        found = getattr(importlib.import_module(module) if module else builtins, attribute, None)
    except Exception:  # noqa: BLE001 -- a module of the user's may fail in any way
        return None
    return found if isinstance(found, type) and issubclass(found, BaseException) else None


def _first_line(error: BaseException) -> str:
    lines = text_of(error).strip().splitlines()
    return lines[0] if lines else ""
