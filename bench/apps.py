# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The apps of a company, played by a process of its own on loopback: ``with served_apps(company) as apps: ...``.

Each is at ``<base_url>/<key>``. Answers are written beforehand, and each comes ``latency`` seconds after its question;
any number of questions wait side by side.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import contextlib
import dataclasses
import json
import subprocess
import sys
import typing as t
import urllib.parse
import urllib.request

from .app_accounts import Accounts
from .app_answers import answer
from .company import BenchCompany


@dataclasses.dataclass(frozen=True)
class ServedApps:
    """Where the apps are, and how their process is told what to be."""

    port: int

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def control(self, **orders: t.Any) -> dict[str, t.Any]:
        """Tell the process what to be like, and return what it has counted since the last ``reset``.

        ``reset``: as it was in the beginning, apart from ``latency``; that is in seconds. ``drift``: pairs of an app
        and the external id of an account that loses its team. Returned are ``requests`` by method, and ``accounts`` and
        ``active`` by app.
        """
        request = urllib.request.Request(f"{self.base_url}/_control", json.dumps(orders).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.loads(response.read())

    def reset(self, latency: float | None = None) -> None:
        """Have everything as in the beginning; with another latency, where one is given."""
        self.control(reset=True, **({} if latency is None else {"latency": latency}))


@contextlib.contextmanager
def served_apps(company: BenchCompany, *, latency: float = 0.0, empty: bool = False) -> t.Iterator[ServedApps]:
    """Start the process and stop it in the end. ``empty``: nobody has an account yet."""
    command = [sys.executable, "-m", __name__, "--people", str(company.size), "--apps", str(company.app_count)]
    command += ["--seed", str(company.seed), "--latency", str(latency), *(["--empty"] if empty else [])]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield ServedApps(int(process.stdout.readline()))
    finally:
        process.terminate()
        process.wait(10)


class _Apps:
    """All apps of the process, and what was asked of them."""

    def __init__(self, company: BenchCompany, empty: bool, latency: float) -> None:
        self.company = company
        self.empty = empty
        self.latency = latency
        self.requests: collections.Counter[str] = collections.Counter()
        self.apps = {app.key: Accounts(company, app, empty=empty) for app in company.apps}
        for accounts in self.apps.values():
            for start in range(0, len(accounts.records), 100):
                accounts.page(start, 100)

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, bytes, float]:
        path, _mark, query = target.partition("?")
        first, *rest = path.strip("/").split("/")
        if first == "_control":
            return 200, json.dumps(self._control(json.loads(body))).encode(), 0.0
        self.requests[method] += 1
        values = {name: found[0] for name, found in urllib.parse.parse_qs(query).items()} if query else {}
        status, content = answer(self.apps[first], method, [urllib.parse.unquote(p) for p in rest], values, body)
        return status, content, self.latency

    def _control(self, orders: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        self.latency = orders.get("latency", self.latency)
        if orders.get("reset"):
            self.requests.clear()
            for key, accounts in self.apps.items():
                if accounts.touched:
                    self.apps[key] = Accounts(self.company, accounts.app, empty=self.empty)
        for key, id in orders.get("drift", ()):
            record = self.apps[key].named("external_id", id)
            if record is None:
                raise ValueError(f"{key} has no account of {id}")
            record.teams = frozenset()
            self.apps[key].changed(record)
        return {
            "requests": dict(self.requests),
            "accounts": {key: len(accounts.records) for key, accounts in self.apps.items()},
            "active": {key: sum(r.active for r in accounts.records.values()) for key, accounts in self.apps.items()},
        }


class _Connection(asyncio.Protocol):
    def __init__(self, apps: _Apps) -> None:
        self.apps = apps
        self.waiting = b""

    def connection_made(self, transport: t.Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.waiting += data
        while True:
            head, mark, rest = self.waiting.partition(b"\r\n\r\n")
            if not mark:
                return
            lines = head.decode("latin-1").split("\r\n")
            lengths = [line[15:] for line in lines if line.lower().startswith("content-length:")]
            length = int(lengths[0]) if lengths else 0
            if len(rest) < length:
                return
            self.waiting = rest[length:]
            method, target, _version = lines[0].split(" ")
            self._reply(method, target, rest[:length])

    def _reply(self, method: str, target: str, body: bytes) -> None:
        status, content, latency = self.apps.answer(method, target, body)
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        if latency:
            asyncio.get_running_loop().call_later(latency, self.transport.write, head.encode() + content)
        else:
            self.transport.write(head.encode() + content)


async def _serve(apps: _Apps) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(apps), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def _main() -> None:
    parser = argparse.ArgumentParser()
    for name, usual in (("people", 10_000), ("apps", 50), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--empty", action="store_true")
    options = parser.parse_args()
    company = BenchCompany(options.people, options.apps, options.seed)
    asyncio.run(_serve(_Apps(company, options.empty, options.latency)))


if __name__ == "__main__":
    _main()
