"""The worker: the processes in which blocks run.

Modules here import the standard library only, and of it only what starts fast: a block process lives for
milliseconds. `typing`, `inspect`, `dataclasses` and `contextlib` are therefore not imported on the way to a block.
"""
