# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A company all of whose apps are done by hand, with one desk for their tickets."""

from __future__ import annotations

import pathlib
import shutil
import types
import typing as t

import yaml
from ansible_collections.rollcall.access.plugins.module_utils.model import DeskSettings

from .company import CompanyDirectory
from .small import TEMPLATE

ROLLCALL = """
plugin: rollcall.access.people
sources:
  - {type: csv, path: hr/people.csv}
ledger: sqlite:///ledger.db
fallback_owner: it@acme.example
"""


def only_desk(settings: DeskSettings) -> dict[str, t.Any]:
    """Return what the catalog says of a company's one desk."""
    written = {
        "type": settings.type,
        "connection": dict(settings.connection),
        "place": dict(settings.place),
        "fields": dict(settings.fields),
        "default": True,
    }
    return {"desks": {"desk": written}}


def ticketed(place: pathlib.Path, server: t.Any, settings: DeskSettings, *, people: int, apps: int) -> CompanyDirectory:
    """Return a company of so many people, each of whom is to have an account in each of so many apps."""
    company = CompanyDirectory(TEMPLATE, place, t.cast(t.Any, types.SimpleNamespace(port=0)))
    for folder in ("access", "exports"):
        shutil.rmtree(company.path / folder)
    catalog = {f"app{n}": {"owners": {"primary": server.owner}, "entitlements": {"user": {}}} for n in range(apps)}
    rules = [
        {"id": "all", "why": "everybody", "when": {"type": "employee"}, "grant": {key: ["user"] for key in catalog}}
    ]
    company.write("rollcall.yml", ROLLCALL)
    company.write("access/catalog/apps.yml", yaml.safe_dump({**only_desk(settings), "apps": catalog}))
    company.write("access/policy/rules.yml", yaml.safe_dump({"version": "1", "rules": rules}))
    lines = [f"{n},Given{n},Family{n},p{n}@acme.example,2020-01-01,employee\n" for n in range(people)]
    company.write("hr/people.csv", "id,first,last,email,start,type\n" + "".join(lines))
    return company
