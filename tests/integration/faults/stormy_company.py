# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A company of eight on two apps, whose days are carried out by the engine, without Ansible: many in a minute."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import pathlib
import signal
import time
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.company.company import Company
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import Run
from ansible_collections.rollcall.access.tests.conformance.products.rest import ENTRY

from .stormy_apps import Mail, Planner, Stormy
from .stormy_runs import Ended, begin_run, opened, run_once
from .weather import Weather

ROLLCALL = """
plugin: rollcall.access.people
sources:
  - {type: csv, path: people.csv}
ledger: sqlite:///ledger.db
fallback_owner: it@small.example
guard:
  removals: {per_run: 50%, per_app: 50%, floor: 2}
"""
HEAD = "id,first,last,email,department,manager,start,end,type\n"
DAY_ONE = HEAD + "".join(
    f"{n},Given{n},Family{n},p{n}@small.example,{department},{manager},2020-01-01,,employee\n"
    for n, department, manager in (
        (1, "Office", ""),
        (2, "Sales", 1),
        (3, "Sales", 1),
        (4, "Engineering", 1),
        (5, "Engineering", 1),
        (6, "Engineering", 1),
        (7, "Office", 1),
        (8, "Office", 1),
    )
)
LEAVER, MOVER, JOINER, CUT_OFF = "8", "4", "9", "7"
_LAST_DAY = ("p8@small.example,Office,1,2020-01-01,,", "p8@small.example,Office,1,2020-01-01,2024-01-31,")
_MOVED = ("p4@small.example,Engineering", "p4@small.example,Sales")
_NEW = "9,Given9,Family9,p9@small.example,Sales,1,2022-01-01,,employee\n"
DAY_TWO = DAY_ONE.replace(*_LAST_DAY).replace(*_MOVED) + _NEW
CATALOG = """
  mail:
    connector: scim
    connection: {{base_url: "http://127.0.0.1:{port}/scim/v2", token: "{{{{ lookup('env', 'STORM_TOKEN') }}}}",
                 page_size: 3, read_timeout: 3, read_attempts: 1}}
    owners: {{primary: mail.owner@small.example}}
    leave: {{then: suspend}}
    entitlements:
      everyone: {{kind: group, value: Everyone}}
      sales: {{kind: group, value: Sales}}
"""
POLICY = """
version: "1"
rules:
  - {id: all, why: everybody, when: {type: employee}, grant: {mail: [everyone], planner: [reader]}}
  - {id: sales, why: they sell, when: {department: Sales}, grant: {mail: [sales], planner: [quota]}}
"""


class StormyCompany:
    def __init__(self, place: pathlib.Path, weather: Weather, apps: t.Mapping[str, Stormy]) -> None:
        self.place = place
        self.weather = weather
        self.apps = apps
        self.day = 1
        self.threads = weather.threads
        self._runs = itertools.count(1)
        entry = ENTRY.read_text(encoding="utf-8")
        for old, new in (
            ("https://planner.example", f"http://127.0.0.1:{apps['planner'].port}"),
            (
                '"{{ vault_planner_token }}"',
                "\"{{ lookup('env', 'STORM_TOKEN') }}\"\n      read_timeout: 3\n      read_attempts: 1",
            ),
            ("size_param: limit", "size_param: limit, size: 3"),
        ):
            entry = entry.replace(old, new)
        for name, text in (
            ("rollcall.yml", ROLLCALL),
            ("people.csv", DAY_ONE),
            ("access/catalog/apps.yml", entry + CATALOG.format(port=apps["mail"].port)),
            ("access/policy/rules.yml", POLICY),
        ):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(text, encoding="utf-8")
        for folder in ("exceptions", "locks"):
            (place / "access" / folder).mkdir(parents=True)

    def open(self, *, writes: bool = True) -> contextlib.AbstractContextManager[Company]:
        return opened(self.place, writes=writes)

    def run(self, *people: str, emergency: bool = False, killed_at: int = 0) -> Ended:
        """Carry out what is due, as a playbook does: for everybody in all apps, or for these people.

        With ``killed_at`` in a process of its own, which is killed (SIGKILL) at so many writes to apps.
        """
        number = next(self._runs)
        self.weather.begin(number, self.apps)
        if not killed_at:
            return run_once(self.place, number, people, emergency=emergency, workers=self.threads)
        running = begin_run(self.place, number, people, emergency=emergency, workers=self.threads)
        self.weather.kill_at(killed_at, running.kill)
        said, _nothing = running.communicate(timeout=900)
        assert running.returncode in (0, -signal.SIGKILL), f"{self.weather.repeat}\n{said}"
        self._wait_until_still()
        return Ended(("it was killed, or ended before",))

    def _wait_until_still(self) -> None:
        """Wait until nothing is under way of what a run that was killed had asked for."""
        still = 0
        while still < 5:
            time.sleep(0.02)
            still = 0 if any(app.busy for app in self.apps.values()) else still + 1

    # looking into it

    def state(self) -> dict[str, t.Any]:
        """Return what is so in the apps, without ids: the same for two companies that went through the same."""
        return {
            key: sorted(
                (seen.email.casefold(), seen.username, seen.state, sorted(seen.has)) for seen in app.accounts().values()
            )
            for key, app in self.apps.items()
        }

    def known(self) -> dict[str, t.Any]:
        """Return what the ledger says is so, without ids and times."""
        with self.open(writes=False) as company:
            ledger = company.ledger
            return {
                "accounts": sorted(
                    (r.account.app, r.account.email.casefold(), r.person, r.account.state) for r in ledger.accounts()
                ),
                "grants": sorted((g.person, g.app, g.entitlement) for g in ledger.grants()),
                "people": sorted((id, r.standing, r.complete) for id, r in ledger.people().items()),
            }

    def lost_removals(self) -> list[str]:
        """Return the removals that the ledger holds for proven, and the app knows nothing of."""
        with self.open(writes=False) as company:
            usable = {(key, id): seen for key, app in self.apps.items() for id, seen in app.accounts().items()}
            newest: dict[tuple[str, str], t.Any] = {}
            for row in reversed(company.ledger.changes()):
                newest[row.change.app, row.account] = row
            return [
                f"{row.change} of {row.account}"
                for (app, account), row in newest.items()
                if row.change.kind.value in ("suspend", "delete")
                and row.state in ("verified", "already")
                and (app, account) in usable
                and usable[app, account].state == "active"
            ]

    def somebody_hands_over(self, person: str) -> None:
        """Do what is given to somebody when an app does not answer just before an account is cut off."""
        with self.open() as company:
            run = Run("by-hand", "tasks", "tests", company.clock.now())
            company.ledger.begin_run(run)
            for task in company.ledger.tasks(states=("open",), person=person):
                assert {item.kind.value for item in task.items} <= {"transfer", "end_sessions"}, task
                at = company.clock.now()
                done = dataclasses.replace(task, state="attested", ended_at=at, ended_by="owner@small.example")
                company.ledger.update_task(done, "task.attested", run, at)

    def open_tasks(self, person: str, app: str) -> list[str]:
        with self.open(writes=False) as company:
            return [task.title for task in company.ledger.tasks(states=("open",), person=person, app=app)]

    def chain(self) -> list[str]:
        """Return what is wrong with the ledger."""
        with self.open(writes=False) as company:
            return [str(problem) for problem in verify_ledger(company.ledger).problems]


@contextlib.contextmanager
def stormy_company(place: pathlib.Path, seed: str) -> t.Iterator[StormyCompany]:
    """Start both apps, empty, in calm weather."""
    weather = Weather(seed)
    with contextlib.ExitStack() as stack:
        apps: dict[str, Stormy] = {}
        for app in (Mail(), Planner()):
            app.begin(weather)
            app.reset()
            apps[app.key] = stack.enter_context(app.serving())
        try:
            yield StormyCompany(place, weather, apps)
        finally:
            # pytest shows it where a test fails
            print(f"{weather.repeat}: what went wrong, and every write, in order", *weather.told, sep="\n")
