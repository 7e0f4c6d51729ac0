# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A thousand people's accounts in PostgreSQL, all as they should be: Rollcall, and a module in a loop."""

from __future__ import annotations

import contextlib
import json
import pathlib
import typing as t

import psycopg
from psycopg import sql

from ..company import BenchCompany, Employee
from ..playbooks import playbook
from ..postgresql import postgresql
from ..row import Contestant, Place, Row, Sample, TimesFaster

#: how many accounts the module looks after; each takes about as long as the next
IN_LOOP = 20
GROUPS = ("reader", "editor")
#: no inventory of people: both plays are about this machine alone
HERE = "localhost,"

_PLAY = """- hosts: localhost
  connection: local
  gather_facts: false
  vars: {ansible_python_interpreter: "{{ ansible_playbook_python }}"}
  tasks:
"""
_OURS = "    - rollcall.access.app_access:\n        app: warehouse\n"
_ONE = """    - community.postgresql.postgresql_user:
        login_host: 127.0.0.1
        login_port: {port}
        login_user: owner
        login_db: postgres
        name: "{{{{ item }}}}"
        role_attr_flags: LOGIN,INHERIT
        comment: "{{{{ comments[item] }}}}"
      loop: "{{{{ comments.keys() | list }}}}"
      vars:
        comments: {comments}
"""


@contextlib.contextmanager
def rows(place: Place) -> t.Iterator[t.Sequence[Row]]:
    company = BenchCompany(place.size(1_000, 30), 1)
    folder = place.folder
    with postgresql() as port:
        _fill(port, company)
        _describe(folder, company, port)
        some = {one.username: _comment(one) for one in company.people[:IN_LOOP]}
        for name, tasks in (
            ("empty", "    - meta: noop\n"),
            ("ours", _OURS),
            ("loop", _ONE.format(port=port, comments=json.dumps(some))),
        ):
            (folder / f"{name}.yml").write_text(_PLAY + tasks, "utf-8")
        # the ledger learns what there is
        playbook(folder, "ours.yml", inventory=HERE)

        def empty() -> float:
            return playbook(folder, "empty.yml", inventory=HERE, says="PLAY RECAP").seconds

        def whole() -> Sample:
            return playbook(folder, "ours.yml", inventory=HERE, says="changed=0 ")

        def ours() -> Sample:
            before = empty()
            return Sample(max(whole().seconds - before, 0.001))

        def loop() -> Sample:
            before = empty()
            return Sample(playbook(folder, "loop.yml", inventory=HERE, says="changed=0 ").seconds - before)

        rival = "postgresql_user in a loop"
        yield [
            Row(
                "against the usual way",
                f"{company.size:,} accounts in PostgreSQL that are as they should be, all looked at",
                [
                    Contestant("rollcall", ours),
                    Contestant("rollcall, the whole command", whole),
                    Contestant("an empty play", lambda: Sample(empty())),
                    Contestant(rival, loop, part=len(some) / company.size),
                ],
                [TimesFaster(500, rival), TimesFaster(500, rival, "rollcall, the whole command")],
                "rollcall and the loop are what they take beyond an empty play. Rollcall also reads HR, works out who "
                "should have what, compares memberships, and writes what it saw into the ledger; the module looks at a "
                "role's attributes and comment.",
            )
        ]


def _comment(one: Employee) -> str:
    line = {"email": one.email, "external_id": one.id, "given_name": one.first, "family_name": one.last}
    return "rollcall: " + json.dumps(line)


def _fill(port: int, company: BenchCompany) -> None:
    """Make a role for everybody, as Rollcall would have made it."""
    with psycopg.connect(host="127.0.0.1", port=port, user="owner", dbname="postgres", autocommit=True) as connection:
        for group in GROUPS:
            connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(group)))
        for one in company.people:
            name = sql.Identifier(one.username)
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name))
            connection.execute(sql.SQL("COMMENT ON ROLE {} IS {}").format(name, sql.Literal(_comment(one))))
            for group in GROUPS:
                connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(group), name))


def _describe(folder: pathlib.Path, company: BenchCompany, port: int) -> None:
    """Write the company: everybody has both groups in one database."""
    company.write(folder, "http://127.0.0.1:9")
    app = {
        "connector": "postgresql",
        "connection": {"url": f"postgresql://owner@127.0.0.1:{port}/postgres"},
        "owners": {"primary": "owner@bench.example"},
        "leave": {"then": "suspend"},
        "entitlements": {group: {"kind": "group", "value": group} for group in GROUPS},
    }
    rule = {"id": "all", "why": "All work with it", "when": {}, "grant": {"warehouse": list(GROUPS)}}
    for name, content in (
        ("catalog/apps", {"apps": {"warehouse": app}}),
        ("policy/rules", {"version": "1.0", "rules": [rule]}),
    ):
        # JSON is YAML as well
        (folder / f"access/{name}.yml").write_text(f"---\n{json.dumps(content)}\n", "utf-8")
