# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A policy of thousands of rules and the people it speaks of, made from a seed.

The mixture is that of a grown company: most rules name a title or a department and something else; some go by a place
or a manager and all below; some by a regular expression, a day or a number alone, and so have to be asked of everybody.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import typing as t

from ..plugins.module_utils.model import Person
from ..plugins.module_utils.policy.conditions import Condition, ConditionReader
from ..plugins.module_utils.policy.organisation import Organisation
from ..plugins.module_utils.policy.problems import Problems
from ..plugins.module_utils.policy.values import Policy, Rule
from ..plugins.module_utils.policy.yaml_lines import parse_document

SEED = 20_260_101
#: a manager has so many people
SPAN = 9

_WORK = ("Sales", "Support", "Software", "Data", "Quality", "Security", "Finance", "Payroll", "Legal", "Office")
_LEVELS = ("Junior ", "", "Senior ", "Lead ", "Head of ")
_JOBS = ("Engineer", "Analyst", "Manager", "Assistant")
TITLES = tuple(f"{level}{work} {job}" for level in _LEVELS for work in _WORK for job in _JOBS)
DEPARTMENTS = tuple(f"{work} {number}" for work in _WORK for number in range(1, 9))
COUNTRIES = {f"Country {n}": tuple(f"City {n}.{m}" for m in range(1, 6)) for n in range(1, 25)}
REGIONS = {f"Region {n}": tuple(list(COUNTRIES)[n * 6 : n * 6 + 6]) for n in range(4)}
CITIES = tuple(city for cities in COUNTRIES.values() for city in cities)
TREES: t.Mapping[str, t.Mapping[str, tuple[str, ...]]] = {"location": {**REGIONS, **COUNTRIES}}


def people_of(count: int) -> list[Person]:
    """Return people with ids from 1 on; the manager of each has a lower one."""
    chance = random.Random(SEED)
    return [
        Person(
            id=str(id),
            username=f"person.{id}",
            email=f"person.{id}@big.example",
            title=chance.choice(TITLES),
            department=chance.choice(DEPARTMENTS),
            location=chance.choice(CITIES),
            type="contractor" if chance.random() < 0.15 else "employee",
            manager=str((id - 2) // SPAN + 1) if id > 1 else "",
            start=dt.date(2012, 1, 2) + dt.timedelta(chance.randrange(5000)),
            end=dt.date(2027, 1, 1) + dt.timedelta(chance.randrange(700)) if chance.random() < 0.1 else None,
            attributes={"grade": str(chance.randrange(1, 15)), "cost_centre": f"CC-{chance.randrange(400):03}"},
        )
        for id in range(1, count + 1)
    ]


def policy_of(count: int) -> Policy:
    """Return a policy of so many rules, read as its files are."""
    chance = random.Random(SEED + 1)
    rules = [
        {"when": {}},
        *({"when": chance.choices(*_SHAPES)[0](chance), **_unless(chance)} for _n in range(1, count)),
    ]
    document = parse_document(json.dumps({"rules": rules}), "rules.yml")
    problems = Problems()
    reader = ConditionReader(document, problems, None)

    def read(number: int, side: str) -> Condition:
        return reader.read(("rules", number, side))

    made = tuple(
        Rule(f"r{n}", read(n, "when"), read(n, "unless") if "unless" in rule else None) for n, rule in enumerate(rules)
    )
    problems.stop_if_any()
    return Policy("1", made, trees=TREES)


def as_variables(person: Person, organisation: Organisation, policy: Policy) -> dict[str, t.Any]:
    """Return a person as the rivals take one, with all that is above them in a tree in a list."""
    above = {below: node for node, several in policy.trees["location"].items() for below in several}
    path = [person.location]
    while path[-1] in above:
        path.append(above[path[-1]])
    managers = [person.manager] if person.manager else []
    while managers and organisation.people[managers[-1]].manager:
        managers.append(organisation.people[managers[-1]].manager)
    return {
        **{name: getattr(person, name) for name in ("title", "department", "location", "type", "manager")},
        "location_path": path,
        "manager_path": managers,
        "start": person.start.isoformat() if person.start else "",
        "end": person.end.isoformat() if person.end else "",
        "grade": int(person.attributes["grade"]),
        "cost_centre": person.attributes["cost_centre"],
    }


Shape = t.Callable[[random.Random], t.Any]


def _some(chance: random.Random, values: t.Sequence[str]) -> list[str]:
    return sorted(chance.sample(values, chance.randrange(2, 5)))


def _day(chance: random.Random) -> str:
    return (dt.date(2013, 1, 1) + dt.timedelta(chance.randrange(4500))).isoformat()


def _unless(chance: random.Random) -> dict[str, t.Any]:
    if chance.random() > 0.2:
        return {}
    return {"unless": chance.choice(({"type": "contractor"}, {"location": chance.choice(CITIES)}))}


_SHAPES: tuple[list[Shape], list[int]] = (
    [
        lambda r: {"title": r.choice(TITLES), "department": r.choice(DEPARTMENTS)},
        lambda r: {"title": _some(r, TITLES), "location": {"under": r.choice(list(COUNTRIES))}},
        lambda r: {"department": _some(r, DEPARTMENTS), "type": "employee"},
        lambda r: {"cost_centre": f"CC-{r.randrange(400):03}", "grade": {"at_least": r.randrange(4, 12)}},
        lambda r: {"any": [{"title": r.choice(TITLES)}, {"department": r.choice(DEPARTMENTS), "type": "contractor"}]},
        lambda r: {"manager": {"under": str(r.randrange(1, 60))}, "title": {"matches": f".*{r.choice(_JOBS)}"}},
        lambda r: {"department": r.choice(DEPARTMENTS), "not": {"location": {"under": r.choice(list(REGIONS))}}},
        lambda r: {"all": [{"location": r.choice(CITIES)}, {"grade": {"at_most": r.randrange(5, 14)}}]},
        lambda r: {"title": {"matches": f"(Senior|Lead) {r.choice(_WORK)} .*"}, "grade": {"at_least": 13}},
        lambda r: {"start": {"after": _day(r), "before": "2025-11-01"}, "location": {"under": r.choice(list(REGIONS))}},
        lambda r: {"end": {"before": "2027-06-30"}, "grade": {"at_least": r.randrange(10, 15)}},
    ],
    [24, 12, 12, 14, 8, 6, 8, 8, 3, 3, 2],
)
