# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Work divided over processes, for what keeps a processor busy: Python's threads take turns at one.

Each part is done by a copy of this process, which sends back what comes of each piece and ends. Nothing else returns
from it: what it opens is its own, and what it changes is lost.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import selectors
import signal
import struct
import traceback
import typing as t

from ..errors import RollcallError

_LENGTH = struct.Struct("!Q")
#: So much (bytes) is read from a process at a time.
_CHUNK = 1 << 20

Send = t.Callable[[str, t.Any], None]
Work = t.Callable[[t.Sequence[str], Send], None]


def usable_processors() -> int:
    """Return how many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # only Linux says
        return os.cpu_count() or 1


def shared_out(weights: t.Mapping[str, int], parts: int) -> list[list[str]]:
    """Divide keys into at most ``parts`` lists that weigh about the same, each with the heaviest first."""
    lists: list[tuple[int, list[str]]] = [(0, []) for _unused in range(min(parts, len(weights)))]
    for key in sorted(weights, key=lambda key: (-weights[key], key)):
        index = min(range(len(lists)), key=lambda index: lists[index][0])
        weight, keys = lists[index]
        lists[index] = (weight + weights[key] + 1, [*keys, key])
    return [keys for _weight, keys in lists]


class Processes:
    """Processes that are at work, one for each of ``parts``. Begin it before there are threads; use it in a ``with``.

    ``work`` gets its part and a function that sends one result: (key, value). ``results`` has what has come so far,
    ``lost`` why nothing will come for a key.
    """

    def __init__(self, parts: t.Iterable[t.Sequence[str]], work: Work) -> None:
        self.results: dict[str, t.Any] = {}
        self.lost: dict[str, str] = {}
        self._selector = selectors.DefaultSelector()
        self._at_work: dict[int, _Process] = {}
        try:
            for part in parts:
                process = _begin(part, work, [one.pipe for one in self._at_work.values()])
                self._at_work[process.pipe] = process
                self._selector.register(process.pipe, selectors.EVENT_READ)
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        """End what is still at work."""
        for process in list(self._at_work.values()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.number, signal.SIGKILL)
            self._ended(process)
        self._selector.close()

    @property
    def working(self) -> bool:
        """Whether more is to come."""
        return bool(self._at_work)

    def wait(self, seconds: float) -> None:
        """Take in what comes within this time. Raises what went wrong in a process."""
        for key, _events in self._selector.select(seconds):
            process = self._at_work[key.fd]
            chunk = os.read(process.pipe, _CHUNK)
            if chunk:
                process.received += chunk
                for message in _messages(process.received):
                    self._take(process, message)
            else:
                self._ended(process)

    def _take(self, process: _Process, message: tuple[str, t.Any]) -> None:
        key, value = message
        if isinstance(value, _Raised):
            raise value.error
        self.results[key] = value
        process.left.discard(key)

    def _ended(self, process: _Process) -> None:
        self._selector.unregister(process.pipe)
        os.close(process.pipe)
        del self._at_work[process.pipe]
        _number, status = os.waitpid(process.number, 0)
        how = os.waitstatus_to_exitcode(status)
        why = f"was ended by signal {-how}" if how < 0 else f"ended with {how}"
        self.lost.update((key, f"the process that was at it {why}") for key in process.left)


class _Process:
    def __init__(self, number: int, pipe: int, part: t.Iterable[str]) -> None:
        self.number = number
        self.pipe = pipe
        self.left = set(part)
        self.received = bytearray()


class _Raised:
    """What went wrong in a process, for the one that waits for it."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def _begin(part: t.Sequence[str], work: Work, others: t.Iterable[int]) -> _Process:
    reading, writing = os.pipe()
    number = os.fork()
    if number:
        os.close(writing)
        return _Process(number, reading, part)
    # Whatever happens, nothing of what is above on the stack may run a second time in here.
    status = 1
    try:
        for one in (signal.SIGINT, signal.SIGTERM):
            signal.signal(one, signal.SIG_DFL)
        for pipe in (reading, *others):
            os.close(pipe)
        # what is there stays, and going through it would copy it
        gc.freeze()
        gc.disable()
        _work(part, work, writing)
        status = 0
    finally:
        os._exit(status)


def _work(part: t.Sequence[str], work: Work, writing: int) -> None:
    parent = os.getppid()

    def send(key: str, value: t.Any) -> None:
        if os.getppid() != parent:
            os._exit(1)  # nobody waits for it any more
        content = pickle.dumps((key, value), pickle.HIGHEST_PROTOCOL)
        with os.fdopen(writing, "wb", closefd=False) as pipe:
            pipe.write(_LENGTH.pack(len(content)) + content)

    try:
        work(part, send)
    except Exception as error:
        send("", _Raised(_sendable(error)))


def _sendable(error: Exception) -> Exception:
    try:
        pickle.loads(pickle.dumps(error))
        return error
    except Exception:  # whatever an error does when it is taken apart, what it says has to arrive
        text = str(error) if isinstance(error, RollcallError) else traceback.format_exc()
        return RollcallError(text) if isinstance(error, RollcallError) else RuntimeError(text)


def _messages(received: bytearray) -> t.Iterator[tuple[str, t.Any]]:
    """Yield the messages that have come whole, and take them out of what was received."""
    while len(received) >= _LENGTH.size:
        end = _LENGTH.size + _LENGTH.unpack_from(received)[0]
        if len(received) < end:
            return
        content = bytes(received[_LENGTH.size : end])
        del received[:end]
        yield pickle.loads(content)
