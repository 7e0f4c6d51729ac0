# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source as ansible-rulebook runs it, on a port of its own, and senders that sign as the vendors do."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import datetime as dt
import hashlib
import hmac
import importlib.util
import json
import pathlib
import queue
import socket
import sys
import threading
import time
import types
import typing as t

import requests
import standardwebhooks

FILE = pathlib.Path(__file__).resolve().parents[3] / "extensions/eda/plugins/event_source/hr_events.py"

BAMBOOHR = "a-private-key-of-bamboohr"
BOB = "a-secret-of-bob-0123"
WORKDAY = "a-password-for-workday"
GENERIC = "whsec_" + base64.b64encode(b"sixteen bytes or more of a secret").decode()
SECRETS = {"bamboohr": BAMBOOHR, "hibob": BOB, "workday": WORKDAY, "generic": GENERIC}


def source() -> types.ModuleType:
    spec = importlib.util.spec_from_file_location("hr_events", FILE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["hr_events"] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


class Rulebook:
    """Takes events as ansible-rulebook's queue does; ``full`` makes it take none."""

    def __init__(self) -> None:
        self.events: queue.Queue[dict[str, t.Any]] = queue.Queue()
        self.full = False

    async def put(self, event: dict[str, t.Any]) -> None:
        while self.full:
            await asyncio.sleep(0.05)
        self.events.put(event)

    def taken(self) -> list[dict[str, t.Any]]:
        return [self.events.get_nowait() for _each in range(self.events.qsize())]

    def hints(self) -> list[tuple[str, str]]:
        return [(event["hr"]["kind"], event["hr"]["person"]) for event in self.taken()]


class Listening(t.NamedTuple):
    url: str
    rulebook: Rulebook

    def post(self, body: bytes, headers: t.Mapping[str, str], **more: t.Any) -> requests.Response:
        return requests.post(self.url, data=body, headers=dict(headers), timeout=30, **more)


@contextlib.contextmanager
def listening(main: t.Any, vendor: str, folder: pathlib.Path, **options: t.Any) -> t.Iterator[Listening]:
    """Run ``main`` of the event source in a thread until the end of the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    secret = folder / "secret"
    if not secret.exists():
        secret.write_text(SECRETS[vendor] + "\n", encoding="utf-8")
    rulebook = Rulebook()
    loop = asyncio.new_event_loop()
    task = loop.create_task(main(rulebook, {"vendor": vendor, "port": port, "secret_file": str(secret), **options}))

    def run() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(task)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        _wait_for(port, task)
        yield Listening(f"{'https' if 'certfile' in options else 'http'}://127.0.0.1:{port}/", rulebook)
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(30)
        loop.close()


def _wait_for(port: int, task: asyncio.Task[None]) -> None:
    for _again in range(600):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if task.done():
            task.result()
        time.sleep(0.05)
    raise AssertionError(f"nobody listens on {port}")


# what the vendors send

Signed = tuple[bytes, dict[str, str]]


def as_bytes(data: t.Any) -> bytes:
    return data if isinstance(data, bytes) else json.dumps(data).encode()


def from_bamboohr(data: t.Any, *, when: float | None = None, secret: str = BAMBOOHR) -> Signed:
    body, stamp = as_bytes(data), str(int(time.time() if when is None else when))
    signature = hmac.digest(secret.encode(), body + stamp.encode(), "sha256").hex()
    return body, {"X-BambooHR-Timestamp": stamp, "X-BambooHR-Signature": signature}


def bamboohr_event(type: str, person: t.Any) -> dict[str, t.Any]:
    data = {"companyId": "12345", "employeeId": person, "changedFields": ["jobTitle"]}
    return {"type": type, "timestamp": "2026-01-31T18:42:00+0000", "data": data}


def from_bob(type: str, person: t.Any, *, when: dt.datetime | None = None, secret: str = BOB) -> Signed:
    moment = (when or dt.datetime.now(dt.UTC)).replace(tzinfo=None).isoformat()
    data = {"companyId": 636192, "type": type, "triggeredBy": "1", "triggeredAt": moment, "version": "v2"}
    body = as_bytes({**data, "data": {"employeeId": person}})
    return body, {"Bob-Signature": base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha512)).decode()}


def from_workday(data: t.Any, *, user: str = "rollcall", password: str = WORKDAY) -> Signed:
    return as_bytes(data), {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def from_others(
    data: t.Any, *, id: str = "msg_1", when: dt.datetime | None = None, secret: str = GENERIC, version: str = ""
) -> Signed:
    """Sign with the library of Standard Webhooks itself."""
    body, moment = as_bytes(data), when or dt.datetime.now(dt.UTC)
    signature = standardwebhooks.Webhook(secret).sign(msg_id=id, timestamp=moment, data=body.decode())
    return body, {
        "webhook-id": id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": version + signature,
    }
