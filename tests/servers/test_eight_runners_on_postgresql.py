# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Eight runs at once on one PostgreSQL ledger, over the same people and apps: every change, ticket and message once.

They begin on an empty database, each a moment after another; $ROLLCALL_TEST_SEED repeats these moments.
"""

from __future__ import annotations

import collections
import contextlib
import http.server
import json
import os
import pathlib
import random
import threading
import time
import typing as t
from concurrent import futures

import yaml
from ansible_collections.rollcall.access.tests.conformance.desks.zammad import ZammadCase
from ansible_collections.rollcall.access.tests.conformance.fault_proxy import FaultProxy
from ansible_collections.rollcall.access.tests.integration.support.company import CompanyDirectory
from ansible_collections.rollcall.access.tests.integration.support.running import Outcome
from ansible_collections.rollcall.access.tests.integration.support.scim import ScimServer
from ansible_collections.rollcall.access.tests.integration.support.small import TEMPLATE, prepare
from ansible_collections.rollcall.access.tests.integration.support.ticketed import only_desk

from .ledger_server import LedgerServer, signing_key

SEED = os.environ.get("ROLLCALL_TEST_SEED") or str(random.SystemRandom().randrange(10**6))

#: What eight people call at the same time, and whom it concerns (nobody by name: everybody).
RUNS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("reconcile",), ()),
    (("reconcile",), ()),
    (("reconcile", "--limit", "app.mail"), ()),
    (("reconcile", "--limit", "app.mail:app.chat"), ()),
    (("onboard", "--limit", "kim.wolf"), ("kim.wolf",)),
    (("onboard", "--limit", "kim.wolf,ada.stone,ben.frost"), ("kim.wolf", "ada.stone", "ben.frost")),
    (("onboard",), ()),
    (("tasks",), ()),
)


class Inbox:
    """Takes messages as JSON (Apprise's json://), and keeps who got which."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str]] = []
        messages = self.messages

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                messages.append((self.path, f"{body['title']}\n{body['message']}"))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: t.Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"json://127.0.0.1:{self._server.server_address[1]}/{{address}}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Inbox:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class Ground:
    """A company of twelve whose ledger is on PostgreSQL, with a desk and an inbox."""

    def __init__(self, place: pathlib.Path, scim: ScimServer, ledgers: LedgerServer, stack: contextlib.ExitStack):
        place.mkdir()
        self.place = place
        self.ledgers, self.database = ledgers, ledgers.ledger()
        self.proxy = stack.enter_context(FaultProxy(("127.0.0.1", scim.port)))
        case = ZammadCase()
        self.desk: t.Any = stack.enter_context(case.server())
        self.desk.reset()
        self.inbox = stack.enter_context(Inbox())
        self.company = prepare(CompanyDirectory(TEMPLATE, place, scim))
        self.company.point_to(self.proxy.port)
        self.company.env["ROLLCALL_LEDGER_KEY"] = signing_key(place)
        self.company.replace("rollcall.yml", "sqlite:///ledger.db", ledgers.url(self.database))
        routes = yaml.safe_dump({"notifications": {"routes": {"owner": self.inbox.url}}})
        self.company.write("rollcall.yml", self.company.read("rollcall.yml") + routes)
        desk = yaml.safe_dump(only_desk(case.settings(self.desk.port)))
        catalog = self.company.read("access/catalog/apps.yml") + desk
        for owner in ("analytics.owner@small.example", "office@small.example"):
            catalog = catalog.replace(owner, self.desk.owner)
        self.company.write("access/catalog/apps.yml", catalog)

    def start(self, number: int, words: t.Sequence[str], after: float) -> tuple[Outcome, dict[str, set[t.Any]]]:
        """Run a playbook a while from now; return how it ended and what the apps had at that moment."""
        time.sleep(after)
        env = {"ROLLCALL_TEST_RESULTS": str(self.place / f"results-{number}.jsonl")}
        outcome = self.company.start_playbook(words[0], *words[1:], env=env).wait(500)
        return outcome, self.have()

    def have(self) -> dict[str, set[t.Any]]:
        return {
            app: {(h.username, h.active, h.roles, h.groups) for h in self.company.tenant(app).holders()}
            for app in ("mail", "chat")
        }

    def writes(self) -> dict[tuple[str, str], int]:
        """Return how often something was written, by app and kind of thing."""
        counted: collections.Counter[tuple[str, str]] = collections.Counter()
        for method, path in self.proxy.writes:
            tenant, _version, kind, *_rest = path.strip("/").split("/")
            counted[tenant.rpartition("-")[2], f"{method} {kind}"] += 1
        return dict(counted)

    def rows(self, table: str) -> list[dict[str, t.Any]]:
        return self.ledgers.rows(self.database, table)


def settled(ground: Ground) -> None:
    """Run until nothing is left: what a run found in the hands of another one, it left."""
    for _each in range(3):
        if ground.company.playbook("reconcile").rc == 0:
            break
    ground.company.playbook("tasks").succeeded()
    assert ground.company.playbook("reconcile").succeeded().changed == 0


def test_eight_runners_do_every_change_once(tmp_path: pathlib.Path, scim: ScimServer, ledgers: LedgerServer) -> None:
    moments = random.Random(SEED)
    with contextlib.ExitStack() as stack:
        alone = Ground(tmp_path / "alone", scim, ledgers, stack)
        alone.company.playbook("reconcile")
        settled(alone)

        ground = Ground(tmp_path / "eight", scim, ledgers, stack)
        with futures.ThreadPoolExecutor(len(RUNS)) as pool:
            ended = [
                pool.submit(ground.start, number, words, moments.uniform(0, 4))
                for number, (words, _people) in enumerate(RUNS)
            ]
            ends = [one.result() for one in ended]
        settled(ground)

        said = f"seed {SEED}"
        assert ground.have() == alone.have(), said
        assert ground.writes() == alone.writes(), said
        for (words, people), (outcome, then) in zip(RUNS, ends, strict=True):
            assert "Traceback" not in outcome.output, f"{said} {words}\n{outcome.output}"
            assert outcome.rc in (0, 2), f"{said} {words}\n{outcome.output}"
            if outcome.rc == 0 and words[0] != "tasks":
                # it says that all is done: then it was so when it said it, whoever did it
                for app in ("mail", "chat") if "app.mail" not in words else ("mail",):
                    due = {one for one in ground.have()[app] if not people or one[0] in people}
                    assert due <= then[app], f"{said} {words}\n{outcome.output}"
        tasks = ground.rows("tasks")
        assert sorted(row["title"] for row in tasks) == sorted(row["title"] for row in alone.rows("tasks")), said
        assert len({row["reference"] for row in tasks}) == len(ground.desk.tickets()) == len(tasks), said
        told = collections.Counter(
            id for _to, text in ground.inbox.messages for id in {row["id"] for row in tasks} if f"({id})" in text
        )
        assert set(told.values()) <= {1}, f"{said} {told}"
        kinds = collections.Counter(row["kind"] for row in ground.rows("events"))
        expected = collections.Counter(row["kind"] for row in alone.rows("events"))
        for kind in ("task.opened", "task.sent", "account.recorded", "grant.recorded", "grant.ended", "account.gone"):
            assert kinds[kind] == expected[kind], f"{said} {kind}"
        ground.company.playbook("verify_ledger").succeeded()
        assert ground.desk.problems == []
