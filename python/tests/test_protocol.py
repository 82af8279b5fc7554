"""Frames and descriptors on a socket."""

from __future__ import annotations

import os
import socket
import threading

import pytest

from baton.worker.protocol import MAX_FRAME, Channel, FrameReader, ProtocolError, encode, receive_with_descriptors

MESSAGES = [
    {"t": "done"},
    {"t": "log", "message": "zwölf Boxkämpfer 🥊", "tags": {"n": 1.5, "none": None}},
    {"t": "job", "code": "x" * 300_000},
    {},
]


@pytest.mark.parametrize("size", [1, 3, 7, 1000, 1 << 20])
def test_messages_survive_any_cut_of_the_stream(size):
    stream = b"".join(encode(message) for message in MESSAGES)
    reader, found = FrameReader(), []
    for at in range(0, len(stream), size):
        reader.feed(stream[at : at + size])
        found.extend(reader)
    assert found == MESSAGES


def test_half_a_surrogate_pair_is_replaced():
    reader = FrameReader()
    reader.feed(encode({"message": "a\ud800b"}))
    assert list(reader) == [{"message": "a?b"}]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ((MAX_FRAME + 1).to_bytes(4, "big"), "announced"),
        (b"\0\0\0\1{", "not JSON"),
        (b"\0\0\0\2[]", "object"),
    ],
)
def test_broken_frames_are_refused(data, words):
    reader = FrameReader()
    reader.feed(data)
    with pytest.raises(ProtocolError, match=words):
        list(reader)


def test_a_frame_that_is_too_long_is_not_made(monkeypatch):
    monkeypatch.setattr("baton.worker.protocol.MAX_FRAME", 10)
    with pytest.raises(ProtocolError, match="longer"):
        encode({"message": "0123456789"})


def test_descriptors_arrive_and_are_not_inherited():
    ours, theirs = socket.socketpair()
    read, write = os.pipe()
    socket.send_fds(ours, [b"x"], [read, write])
    data, descriptors = receive_with_descriptors(theirs)
    assert data == b"x"
    assert [os.fstat(d).st_ino for d in descriptors] == [os.fstat(d).st_ino for d in (read, write)]
    assert not any(os.get_inheritable(descriptor) for descriptor in descriptors)


def test_threads_do_not_mix_their_frames():
    ours, theirs = socket.socketpair()
    sending, receiving = Channel(ours), Channel(theirs)
    text = "y" * 50_000
    threads = [
        threading.Thread(target=lambda n=n: [sending.send({"n": n, "text": text}) for _ in range(20)]) for n in range(4)
    ]
    for thread in threads:
        thread.start()
    found = [receiving.receive() for _ in range(80)]
    assert sorted(message["n"] for message in found) == sorted(list(range(4)) * 20)
    assert all(message["text"] == text for message in found)
    ours.close()
    assert receiving.receive() is None
