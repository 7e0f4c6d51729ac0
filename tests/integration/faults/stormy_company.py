# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A company of eight on two apps, whose days are carried out by the engine, without Ansible: many in a minute."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import pathlib
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.company.carrying_out import carry_out
from ansible_collections.rollcall.access.plugins.module_utils.company.company import Company
from ansible_collections.rollcall.access.plugins.module_utils.company.concluding import conclude
from ansible_collections.rollcall.access.plugins.module_utils.company.holding_back import hold_against_guard
from ansible_collections.rollcall.access.plugins.module_utils.company.plans import plan_changes
from ansible_collections.rollcall.access.plugins.module_utils.company.recording_readings import record_readings
from ansible_collections.rollcall.access.plugins.module_utils.company.settings import Settings
from ansible_collections.rollcall.access.plugins.module_utils.errors import GuardStop
from ansible_collections.rollcall.access.plugins.module_utils.fulfilment.retrying import Budget
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import Lock, Run
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY
from ansible_collections.rollcall.access.tests.conformance.products.rest import ENTRY

from .stormy_apps import Mail, Planner, Stormy
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
BUDGET = Budget(attempts=2, seconds=0.2, first_wait=0.001, verify_attempts=4, verify_wait=0.001)


@dataclasses.dataclass(frozen=True)
class Ended:
    """How a run ended: what it says is left (nothing: it says that all is done), and whether the guard stopped it."""

    left: tuple[str, ...]
    stopped: bool = False

    @property
    def well(self) -> bool:
        return not self.left


class StormyCompany:
    def __init__(self, place: pathlib.Path, weather: Weather, apps: t.Mapping[str, Stormy]) -> None:
        self.place = place
        self.weather = weather
        self.apps = apps
        self.day = 1
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

    @contextlib.contextmanager
    def open(self, *, writes: bool = True, **more: t.Any) -> t.Iterator[Company]:
        settings = Settings.load(self.place / "rollcall.yml", {})
        with Company(settings, writes=writes, resolve=_filled_in, **more) as company:
            yield company

    def run(self, *people: str, emergency: bool = False) -> Ended:
        """Carry out what is due, as a playbook does: for everybody in all apps, or for these people."""
        urgency = "emergency" if emergency else "normal"
        with self.open(emergency=emergency) as company:
            now = company.clock.now()
            run = Run(f"run-{next(self._runs)}", "storm", "tests", now)
            company.ledger.begin_run(run)
            if emergency:
                for id in people:
                    lock = Lock(id, "emergency", "tests", now, None)
                    company.ledger.add_lock(lock, run, now)
                    company.locks = (*company.locks, lock)
            planned = plan_changes(company, people=people or None, urgency=urgency, budget=BUDGET)
            plan = planned.plan
            record_readings(company, planned, run)
            company.ledger.save_plan(plan, run, company.clock.now())
            if not emergency:
                try:
                    hold_against_guard(plan)
                except GuardStop as stop:
                    company.ledger.end_run(run, company.clock.now(), "failed", {"msg": str(stop)})
                    return Ended((str(stop),), stopped=True)
            outcome = carry_out(company, plan.changes, run, plan=plan.hash, budget=BUDGET)
            left = [f"{row.change}: {row.state} {row.detail}" for row in outcome.left]
            left += [f"{change}: held" for change in plan.held]
            left += [f"{app}: {why}" for app, why in planned.deferred.items()]
            scope = people or tuple(company.people)
            progress = conclude(company, scope, run)
            incomplete = [f"{id}: {', '.join(state.missing)}" for id, state in progress.items() if not state.complete]
            company.ledger.end_run(run, company.clock.now(), "failed" if left else "ok", {"left": left})
            return Ended((*left, *incomplete))

    # looking into it

    def state(self) -> dict[str, t.Any]:
        """Return what is so in the apps, without ids: the same for two companies that went through the same."""
        return {
            key: sorted((seen.email, seen.username, seen.state, sorted(seen.has)) for seen in app.accounts().values())
            for key, app in self.apps.items()
        }

    def known(self) -> dict[str, t.Any]:
        """Return what the ledger says is so, without ids and times."""
        with self.open(writes=False) as company:
            ledger = company.ledger
            return {
                "accounts": sorted(
                    (r.account.app, r.account.email, r.person, r.account.state) for r in ledger.accounts()
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


def _filled_in(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {key: _filled_in(one) for key, one in value.items()}
    return CANARY if "STORM_TOKEN" in str(value) else value


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
        yield StormyCompany(place, weather, apps)
