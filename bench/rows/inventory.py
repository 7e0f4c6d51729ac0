# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People as hosts: one of many with --limit, and everybody."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import datetime as dt
import functools
import json
import pathlib
import sys
import typing as t

from ...plugins.module_utils.company.company import Company
from ...plugins.module_utils.company.held_feeds import note_good_feed
from ...plugins.module_utils.company.settings import Settings
from ...plugins.module_utils.model import PersonRecord, Run
from ..headcount import make_company
from ..processes import run_program
from ..row import AtMost, Contestant, Limit, Place, Row, Sample, TimesFaster

SIZES = (1_000, 10_000, 100_000)
#: constructed does so many: its time grows faster than the number of hosts, so doing a part flatters it
CONSTRUCTED = 1_000

#: How much longer a person of a hundred thousand may take than one of ten thousand.
LINEAR = 1.3

_PLUGINS = pathlib.Path(__file__).absolute().parents[1] / "inventory_plugins"
_COLLECTIONS = pathlib.Path(__file__).absolute().parents[5]
_NO_TASKS = "- hosts: all\n  gather_facts: false\n  tasks: []\n"
_CONSTRUCTED = """
plugin: constructed
strict: true
groups: {people: true, joiners: true, active: true, entitled_hub: true}
keyed_groups:
  - {key: person.department | lower, prefix: department}
  - {key: person.title | lower, prefix: title}
  - {key: person.location | lower, prefix: location}
  - {key: "person.manager_username | default('nobody', true)", prefix: manager}
"""


@contextlib.contextmanager
def rows(place: Place) -> t.Iterator[t.Sequence[Row]]:
    sizes = sorted({place.size(size, 100) for size in SIZES})
    companies = {size: _Company(place.folder / str(size), size) for size in sizes}
    small = companies[min(sizes, key=lambda size: abs(size - place.size(CONSTRUCTED, 100)))]
    small.same_groups_by_constructed()
    made: list[Row] = []
    for size, company in companies.items():
        made += [company.one_person(), company.one_person_in_step()]
        for what, command in (("--list", _LIST), ("a play", _PLAY)):
            contestants = [
                Contestant("rollcall", functools.partial(company.run, command, "rollcall.yml")),
                Contestant("by hand", functools.partial(company.run, command, "by_hand.yml")),
                Contestant(
                    "constructed",
                    functools.partial(small.run, command, "constructed"),
                    small.size / size,
                ),
            ]
            limits: list[Limit] = [AtMost(1.5, "by hand"), TimesFaster(3, "constructed")]
            if size > sizes[0] and what == "--list":
                tenth = companies[sizes[sizes.index(size) - 1]]
                name = f"rollcall, {tenth.size:,} people"
                contestants.append(Contestant(name, functools.partial(tenth.run, command, "rollcall.yml")))
                limits.append(AtMost(LINEAR * size / tenth.size, name))
            made.append(
                Row(
                    f"inventory {size:,}: {what}",
                    f"{size:,} people in eight groups each, without a limit",
                    contestants,
                    limits,
                    f"constructed: {small.size:,} hosts that by_hand adds; its time grows faster than their number.",
                )
            )
    yield made


_LIST = ("ansible-inventory", "--list", "--output", "list.json")
_PLAY = ("ansible-playbook", "empty.yml")


class _Company:
    """One company's folder, and the same people for the rivals."""

    def __init__(self, folder: pathlib.Path, size: int) -> None:
        self.folder, self.size = folder, size
        make_company(folder, size)
        (folder / "empty.yml").write_text(_NO_TASKS, "utf-8")
        (folder / "ansible.cfg").write_text(
            f"[defaults]\ninventory_plugins = {_PLUGINS}\n"
            "[inventory]\nenable_plugins = rollcall.access.people, host_list, by_hand, constructed, auto\n",
            "utf-8",
        )
        self.run(_LIST, "rollcall.yml")
        listed = self._listed()
        variables = listed["_meta"]["hostvars"]
        self.groups = _groups_of(listed)
        self._write_by_hand(variables)
        # somebody in the middle, who is nobody's first
        self.somebody = sorted(variables.keys() - {"app.hub"})[size // 2]
        if len(self.groups) != size or sum(len(mine) != 8 for mine in self.groups.values()) > 1:
            raise ValueError("not everybody, but the one at the top, is in eight groups")

    def run(self, command: tuple[str, ...], inventory: str, *more: str, ledger: str = "ledger.db") -> Sample:
        inventories = ("by_hand_alone/by_hand.yml", "constructed.yml") if inventory == "constructed" else (inventory,)
        arguments = [argument for one in inventories for argument in ("-i", one)]
        program = str(pathlib.Path(sys.executable).parent / command[0])
        sample = run_program(
            [program, *command[1:], *arguments, *more],
            cwd=self.folder,
            environment={
                "ANSIBLE_COLLECTIONS_PATH": str(_COLLECTIONS),
                "ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"),
                "ANSIBLE_HOME": str(self.folder / ".ansible"),
                "ROLLCALL_LEDGER": f"sqlite:///{self.folder / ledger}",
                # as on every machine that has run Ansible once
                "PYTHONDONTWRITEBYTECODE": "",
            },
        )
        said = (self.folder / "program.log").read_text("utf-8")
        if "WARNING" in said or (command is _PLAY and "PLAY [all]" not in said):
            raise ValueError(f"{command[0]} with {inventory} said: {said[-2000:]}")
        return sample

    def one_person(self) -> Row:
        self._check_limit("ledger.db")
        return self._one_person("one person", "ledger.db", "Nobody is in the ledger yet.")

    def one_person_in_step(self) -> Row:
        _remember_everybody(self.folder)
        self._check_limit("full.db")
        return self._one_person("one person, in step", "full.db", "The guard holds the whole feed against the ledger.")

    def _one_person(self, what: str, ledger: str, remark: str) -> Row:
        return Row(
            f"inventory {self.size:,}: {what}",
            f"an empty play with --limit one of {self.size:,} people",
            [
                Contestant(
                    "rollcall",
                    functools.partial(self.run, _PLAY, "rollcall.yml", "--limit", self.somebody, ledger=ledger),
                ),
                Contestant("an empty play", functools.partial(self.run, _PLAY, "somebody,")),
            ],
            [AtMost(1.5, "an empty play")],
            remark,
        )

    def _check_limit(self, ledger: str) -> None:
        self.run(_LIST, "rollcall.yml", "--limit", self.somebody, ledger=ledger)
        groups = _groups_of(self._listed())
        expected = self.groups[self.somebody] - ({"joiners"} if ledger != "ledger.db" else set())
        if groups != {self.somebody: expected}:
            raise ValueError(f"--limit {self.somebody} gave {groups}, expected {expected}")

    def same_groups_by_constructed(self) -> None:
        for inventory in ("by_hand.yml", "constructed"):
            self.run(_LIST, inventory)
            other = _groups_of(self._listed())
            odd = [
                name for name in self.groups if {g for g in other[name] if g != "manager_nobody"} != self.groups[name]
            ]
            if odd:
                raise ValueError(f"{inventory}: {odd[0]} is in {other[odd[0]]}, not in {self.groups[odd[0]]}")

    def _listed(self) -> dict[str, t.Any]:
        return json.loads((self.folder / "list.json").read_text("utf-8"), object_hook=_without_marks)

    def _write_by_hand(self, variables: t.Mapping[str, t.Any]) -> None:
        plugin = "plugin: by_hand\npath: by_hand.csv\n"
        (self.folder / "by_hand.yml").write_text(plugin, "utf-8")
        (self.folder / "by_hand_alone").mkdir()
        (self.folder / "by_hand_alone/by_hand.yml").write_text(plugin + "groups: false\n", "utf-8")
        (self.folder / "constructed.yml").write_text(_CONSTRUCTED, "utf-8")
        with (self.folder / "people.csv").open(encoding="utf-8", newline="") as file:
            by_id = {row["id"]: row for row in csv.DictReader(file)}
        with (self.folder / "by_hand.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["host", "groups", *by_id["1"], "manager_username"])
            for name, mine in variables.items():
                if person := mine.get("person"):
                    groups = " ".join(sorted(self.groups[name]))
                    writer.writerow([name, groups, *by_id[person["id"]].values(), person["manager_username"]])


def _without_marks(value: dict[str, t.Any]) -> t.Any:
    return value["__ansible_unsafe"] if len(value) == 1 and "__ansible_unsafe" in value else value


def _groups_of(listed: t.Mapping[str, t.Any]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for group, content in listed.items():
        for host in content.get("hosts", ()) if group not in ("_meta", "apps") else ():
            if not host.startswith("app."):
                found.setdefault(host, set()).add(group)
    return found


def _remember_everybody(folder: pathlib.Path) -> None:
    """Write everybody into a ledger, as somebody for whom everything that was due is done, as a run does at its end."""
    now = dt.datetime(2026, 1, 5, 8, tzinfo=dt.timezone.utc)
    settings = dataclasses.replace(Settings.load(folder / "rollcall.yml"), ledger=f"sqlite:///{folder / 'full.db'}")
    with Company(settings, writes=True) as company:
        run = Run("bench", "reconcile", "bench", now)
        company.ledger.begin_run(run)
        records = [PersonRecord(person, "present", True, now, now) for person in company.people.values()]
        company.ledger.record_people(records, run, now)
        note_good_feed(company, run)
