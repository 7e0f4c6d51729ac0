# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everybody, in every app: what it costs when nothing is to be done, and on a normal day."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import typing as t

from ..apps import ServedApps, served_apps
from ..bare_client import read_everything
from ..company import BenchCompany
from ..ledgers import copied
from ..normal_day import NormalDay, normal_day
from ..playbooks import playbook, write_loop
from ..row import AtMost, Contestant, MemoryUnder, Place, Row, Sample, TimesFaster

RECONCILE = "rollcall.access.reconcile"
#: how long an app of the normal day takes for an answer (s): hardly any on the internet is as quick
LATENCY = 0.02
IN_LOOP = 20


@contextlib.contextmanager
def rows(place: Place) -> t.Iterator[t.Sequence[Row]]:
    company = BenchCompany(place.size(10_000, 200), place.size(50, 10))
    with served_apps(company) as apps:
        company.write(place.folder, apps.base_url)
        # the ledger learns what there is, as it does when a company begins
        playbook(place.folder, RECONCILE, says="nothing is due")
        work = _Work(company, apps, place.folder, normal_day(company))
        copied(work.ledger, work.in_step)
        yield [work.nothing_to_do(0.0), work.nothing_to_do(LATENCY), work.a_normal_day()]


@dataclasses.dataclass
class _Work:
    company: BenchCompany
    apps: ServedApps
    folder: pathlib.Path
    day: NormalDay

    @property
    def ledger(self) -> pathlib.Path:
        return self.folder / "ledger.db"

    @property
    def in_step(self) -> pathlib.Path:
        return self.folder / "ledger-in-step.db"

    @property
    def size(self) -> str:
        count = self.company.accounts()
        return f"{self.company.size:,} people, {self.company.app_count} apps, {2 * count:,} grants"

    def nothing_to_do(self, latency: float) -> Row:
        def rollcall() -> Sample:
            return self._reconcile(latency, "nothing is due", memory=True)

        def bare() -> Sample:
            self.apps.reset(latency)
            return read_everything(self.company, self.apps.base_url)

        answers = "at once" if not latency else f"after {latency * 1000:.0f} ms"
        return Row(
            f"nothing to do, apps that answer {answers}",
            f"reconcile of {self.size}, all in step",
            [
                Contestant("rollcall", rollcall),
                Contestant("a bare requests loop", bare),
                self._loop_of_modules(latency),
            ],
            [AtMost(2, "a bare requests loop"), MemoryUnder(500), TimesFaster(100, "account modules in a loop")],
            "The floor reads and parses every page and does nothing else: no HR, policy, comparison or evidence.",
        )

    def a_normal_day(self) -> Row:
        def rollcall() -> Sample:
            self.company.write_people(self.folder, self.day.people)
            try:
                sample = self._reconcile(LATENCY, f"{self.day.changes} changes due", drifting=True)
            finally:
                self.company.write_people(self.folder, self.company.people)
            self.day.check(self.company, self.apps)
            return sample

        def nothing_and_calls() -> Sample:
            nothing = self._reconcile(LATENCY, "nothing is due")
            self.day.drift(self.apps)
            calls = self.day.by_bare_client(self.apps.base_url)
            self.day.check(self.company, self.apps)
            return Sample(nothing.seconds + calls.seconds)

        return Row(
            "a normal day",
            f"reconcile of {self.size}, and {self.day.changes} changes in apps that answer after "
            f"{LATENCY * 1000:.0f} ms",
            [
                Contestant("rollcall", rollcall),
                Contestant("nothing to do, and the bare calls", nothing_and_calls),
                self._loop_of_modules(LATENCY),
            ],
            [AtMost(1, "nothing to do, and the bare calls"), TimesFaster(100, "account modules in a loop")],
            "The bare calls know what to do and where, one after the other; Rollcall finds out, and reads each back.",
        )

    def _reconcile(self, latency: float, says: str, *, memory: bool = False, drifting: bool = False) -> Sample:
        copied(self.in_step, self.ledger)
        self.apps.reset(latency)
        if drifting:
            self.day.drift(self.apps)
        sample = playbook(self.folder, RECONCILE, memory=memory, says=says)
        pages = self.apps.control()["requests"].get("GET", 0)
        if pages < self.company.accounts() // 100:
            raise ValueError(f"only {pages} pages were read")
        return sample

    def _loop_of_modules(self, latency: float) -> Contestant:
        """A module for every account: that is all that playbooks can do who do not know what has changed."""
        people = self.company.people[1 : IN_LOOP + 1]
        apps = self.company.apps[:2]
        pairs = [(f"{app.style}_account", app.key, one.username) for one in people[: IN_LOOP // 2] for app in apps]

        def run() -> Sample:
            copied(self.in_step, self.ledger)
            self.apps.reset(latency)
            seconds = []
            for some in ([], pairs):
                write_loop(self.folder / "loop.yml", some)
                says = f"ok={len(some)} " if some else "PLAY RECAP"
                seconds.append(playbook(self.folder, "loop.yml", "--limit", "app.app001", says=says).seconds)
            return Sample(max(seconds[1] - seconds[0], 0.001))

        return Contestant("account modules in a loop", run, part=len(pairs) / self.company.accounts())
