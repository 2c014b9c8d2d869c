"""The few bytes that client, zygote and kernel exchange, in one place.

Everything is JSON behind a length: no pickle, so a confused peer can at worst be misread.
"""

from __future__ import annotations

import json
import os
import socket
import struct
from typing import Any

#: Time, size and time of the last change of a file, in nanoseconds and bytes.
Stamp = list[int]

_LENGTH = struct.Struct("!I")
LIMIT = 64 * 1024 * 1024


def stamp(file: str) -> Stamp | None:
    """Return what changes with a file's contents, `None` where there is no such file.

    The time of the last change is in it: an editor may keep the size and set the time of modification.
    """
    try:
        status = os.stat(file)  # noqa: PTH116
    except OSError:
        return None
    return [status.st_mtime_ns, status.st_size, status.st_ctime_ns]


def encode(message: dict[str, Any]) -> bytes:
    """Return a message as it goes over a socket."""
    return framed(json.dumps(message).encode("utf-8", "surrogateescape"))


def framed(payload: bytes) -> bytes:
    """Return a message that is JSON already as it goes over a socket."""
    return _LENGTH.pack(len(payload)) + payload


def receive(stream: socket.socket) -> dict[str, Any] | None:
    """Read one message from a blocking socket; `None` where the other side has gone."""
    head = _exactly(stream, _LENGTH.size)
    if head is None:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > LIMIT:
        raise ValueError(f"a message of {length} bytes is not one of ours")
    payload = _exactly(stream, length)
    return None if payload is None else json.loads(payload.decode("utf-8", "surrogateescape"))


def _exactly(stream: socket.socket, count: int) -> bytes | None:
    parts: list[bytes] = []
    while count:
        try:
            part = stream.recv(min(count, 1 << 16))
        except ConnectionError:
            return None
        if not part:
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


class Decoder:
    """Messages out of bytes that arrive in pieces, for a non-blocking reader."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, part: bytes) -> list[dict[str, Any]]:
        """Add bytes, return the messages that are complete."""
        self._buffer += part
        messages = []
        while len(self._buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer)
            end = _LENGTH.size + length
            if len(self._buffer) < end:
                break
            messages.append(json.loads(self._buffer[_LENGTH.size : end].decode("utf-8", "surrogateescape")))
            del self._buffer[:end]
        return messages
