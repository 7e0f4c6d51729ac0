# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A company that is only people: one CSV file, each person in eight groups, from a seed."""

from __future__ import annotations

import csv
import datetime as dt
import pathlib
import random
import typing as t

SEED = 20_260_102
#: a manager has so many people
SPAN = 9

_FIRST = [f"{a}{b}" for a in ("Ada", "Ben", "Cleo", "Dov", "Eli", "Fay", "Gus", "Ivo") for b in ("", "ra", "lin", "mo")]
_LAST = [
    f"{a}{b}" for a in ("Stone", "Frost", "Marsh", "Hart", "Vale", "Wren") for b in ("", "son", "ley", "by", "ton")
]

_COLUMNS = "id,given_name,family_name,email,title,department,location,manager,start,end,type,cost_centre"
_CATALOG = """
apps:
  hub:
    name: Hub
    connector: none
    owners: {primary: it@big.example}
    entitlements:
      member: {kind: group, value: member}
"""
_POLICY = """
version: "1"
rules:
  - {id: everyone, why: "Everybody is on the hub", when: {}, grant: {hub: [member]}}
"""
_SETTINGS = """
plugin: rollcall.access.people
sources:
  - {type: csv, path: people.csv}
ledger: sqlite:///ledger.db
fallback_owner: it@big.example
"""


def make_company(folder: pathlib.Path, people: int) -> None:
    """Write a company of so many people.

    Everybody is in people, joiners, active, the group of a department, a title, a location and a manager (but for the
    one at the top), and of the one app that everybody is entitled to.
    """
    for name in ("catalog", "policy", "exceptions", "locks"):
        (folder / "access" / name).mkdir(parents=True)
    (folder / "access/catalog/apps.yml").write_text(_CATALOG, "utf-8")
    (folder / "access/policy/rules.yml").write_text(_POLICY, "utf-8")
    (folder / "rollcall.yml").write_text(_SETTINGS, "utf-8")
    with (folder / "people.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS.split(","))
        writer.writerows(_people(people))


def _people(count: int) -> t.Iterator[list[t.Any]]:
    chance = random.Random(SEED)
    for id in range(1, count + 1):
        first, last = chance.choice(_FIRST), chance.choice(_LAST) + chance.choice(_LAST).lower()
        yield [
            id,
            first,
            last,
            f"{first}.{last}.{id}@big.example".lower(),
            f"Title {chance.randrange(200)}",
            f"Department {chance.randrange(40)}",
            f"City {chance.randrange(60)}",
            (id - 2) // SPAN + 1 if id > 1 else "",
            (dt.date(2010, 1, 4) + dt.timedelta(chance.randrange(5000))).isoformat(),
            "",
            "employee",
            f"CC{chance.randrange(300)}",
        ]
