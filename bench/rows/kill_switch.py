# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Somebody is cut off everywhere, at once: from the command's start until the last cut was read back."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import time
import typing as t
from concurrent import futures

import requests

from ...plugins.module_utils.ledger import Ledger
from ..apps import ServedApps, served_apps
from ..company import BenchApp, BenchCompany
from ..ledgers import copied
from ..playbooks import playbook, write_loop
from ..row import AtMost, Contestant, Place, Row, Sample, TimesFaster

LATENCY = 0.2
#: how many of the modules are run; each takes about as long as the next
IN_LOOP = 10
EMERGENCY = "rollcall.access.emergency_offboard"

_TOKEN = {"Authorization": "Bearer not-a-secret"}
_OFF = {
    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
    "Operations": [{"op": "replace", "path": "active", "value": False}],
}


@contextlib.contextmanager
def rows(place: Place) -> t.Iterator[t.Sequence[Row]]:
    company = BenchCompany(place.size(10_000, 200), place.size(50, 4))
    with served_apps(company) as apps:
        company.write(place.folder, apps.base_url)
        playbook(place.folder, "rollcall.access.reconcile", says="nothing is due")
        work = _Work(company, apps, place.folder)
        copied(work.ledger, work.in_step)
        (place.folder / "empty.yml").write_text("- hosts: localhost\n  gather_facts: false\n  tasks: []\n", "utf-8")
        yield [work.row()]


@dataclasses.dataclass
class _Work:
    company: BenchCompany
    apps: ServedApps
    folder: pathlib.Path

    @property
    def ledger(self) -> pathlib.Path:
        return self.folder / "ledger.db"

    @property
    def in_step(self) -> pathlib.Path:
        return self.folder / "ledger-in-step.db"

    def row(self) -> Row:
        loop = f"{IN_LOOP} of the account modules"
        return Row(
            "kill switch",
            f"one of {self.company.size:,} people is cut off in {self.company.app_count} apps that answer after "
            f"{LATENCY * 1000:.0f} ms",
            [
                Contestant("rollcall", self.rollcall),
                Contestant("an empty play and the bare calls", self.floor),
                Contestant("account modules in a loop", self.loop),
            ],
            [AtMost(1.5, "an empty play and the bare calls"), TimesFaster(20, "account modules in a loop")],
            "The bare calls are those of one app: find, cut, read back; all apps are asked side by side. Of the loop, "
            f"{loop} were run; what they took beyond an empty play is multiplied.",
        )

    def rollcall(self) -> Sample:
        self._reset()
        sample = playbook(
            self.folder,
            EMERGENCY,
            "--limit",
            self.company.chief.username,
            says=f"{self.company.app_count} done, and read back",
        )
        self._check(self.company.app_count)
        with Ledger.open(f"sqlite:///{self.ledger}", read_only=True) as ledger:
            states = [row.state for row in ledger.changes(person=self.company.chief.id)]
            if states != ["verified"] * self.company.app_count:
                raise ValueError(f"the ledger says {states}")
            if any(record.account.active for record in ledger.accounts(person=self.company.chief.id)):
                raise ValueError("the ledger has an account that still works")
        return sample

    def floor(self) -> Sample:
        self._reset()
        empty = self._empty()
        started = time.perf_counter()
        with futures.ThreadPoolExecutor(self.company.app_count) as pool:
            list(pool.map(self._cut, self.company.apps))
        seconds = time.perf_counter() - started
        self._check(self.company.app_count)
        return Sample(empty + seconds)

    def loop(self) -> Sample:
        self._reset()
        empty = self._empty()
        some = self.company.apps[: min(IN_LOOP, self.company.app_count)]
        pairs = [(f"{app.style}_account", app.key, self.company.chief.username) for app in some]
        write_loop(self.folder / "loop.yml", pairs, "state: suspended", hosts="localhost")
        sample = playbook(self.folder, "loop.yml", says=f"changed={len(pairs)} ")
        self._check(len(pairs))
        each = (sample.seconds - empty) / len(pairs)
        return Sample(empty + each * self.company.app_count)

    def _reset(self) -> None:
        copied(self.in_step, self.ledger)
        self.apps.reset(LATENCY)

    def _check(self, cut: int) -> None:
        """See that so many of the one person's accounts, and nobody else's, are cut off."""
        counted = self.apps.control()
        off = sum(counted["accounts"].values()) - sum(counted["active"].values())
        if off != cut:
            raise ValueError(f"{off} accounts are cut off, and {cut} should be")

    def _empty(self) -> float:
        return playbook(self.folder, "empty.yml", inventory="localhost,", says="PLAY RECAP").seconds

    def _cut(self, app: BenchApp) -> None:
        url, id = f"{self.apps.base_url}/{app.key}", self.company.chief.id
        with requests.Session() as session:
            session.headers.update(_TOKEN)
            if app.style == "scim":
                (found,) = session.get(f"{url}/Users", params={"filter": f'externalId eq "{id}"'}).json()["Resources"]
                session.patch(f"{url}/Users/{found['id']}", json=_OFF).raise_for_status()
                on = session.get(f"{url}/Users/{found['id']}").json()["active"]
            else:
                (found,) = session.get(f"{url}/users", params={"employee": id}).json()["users"]
                session.post(f"{url}/users/{found['id']}/disable").raise_for_status()
                on = session.get(f"{url}/users/{found['id']}").json()["enabled"]
            if on:
                raise ValueError(f"{app.key}: the account still works")
