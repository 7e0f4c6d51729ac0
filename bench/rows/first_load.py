# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everybody into one app that is empty: as fast as the app takes them."""

from __future__ import annotations

import contextlib
import typing as t

from ..apps import served_apps
from ..bare_client import BareClient
from ..company import BenchCompany
from ..playbooks import playbook, write_loop
from ..row import AtMost, Contestant, Place, Row, Sample, TimesFaster

#: how long the app takes for an answer (s)
LATENCY = 0.02
#: as many as Rollcall has open to the apps at the same time
CONNECTIONS = 16
IN_LOOP = 10
_ROLE = "entitlements: [member]"


@contextlib.contextmanager
def rows(place: Place) -> t.Iterator[t.Sequence[Row]]:
    # a role is part of the request that makes the account; a group would be a second one for both
    company = BenchCompany(place.size(10_000, 100), 1, teams=False)
    app = company.apps[0]
    with served_apps(company, latency=LATENCY, empty=True) as apps:
        company.write(place.folder, apps.base_url)

        def begin() -> None:
            apps.reset(LATENCY)
            for path in place.folder.glob("ledger.db*"):
                path.unlink()

        def check(expected: int) -> None:
            found = apps.control()["active"][app.key]
            if found != expected:
                raise ValueError(f"{app.key} has {found} accounts instead of {expected}")

        def rollcall() -> Sample:
            begin()
            changes = 2 * company.size
            sample = playbook(
                place.folder, "rollcall.access.reconcile", says=f"{changes:,} of {changes:,} changes are done"
            )
            check(company.size)
            return sample

        def bare() -> Sample:
            begin()
            sample = BareClient(apps.base_url).create_all(app, company.people, CONNECTIONS)
            check(company.size)
            return sample

        def modules() -> Sample:
            begin()
            seconds = []
            for some in (0, IN_LOOP):
                people = company.people[1 : some + 1]
                write_loop(place.folder / "loop.yml", [("scim_account", app.key, p.username) for p in people], _ROLE)
                arguments = ("loop.yml", "--limit", f"app.{app.key}")
                seconds.append(playbook(place.folder, *arguments, says="PLAY RECAP").seconds)
            check(IN_LOOP)
            return Sample(max(seconds[1] - seconds[0], 0.001))

        yield [
            Row(
                "first load",
                f"{company.size:,} people into one empty SCIM app that answers after {LATENCY * 1000:.0f} ms",
                [
                    Contestant("rollcall", rollcall),
                    Contestant("a bare concurrent client", bare),
                    Contestant("account modules in a loop", modules, part=IN_LOOP / company.size),
                ],
                [AtMost(1 / 0.8, "a bare concurrent client"), TimesFaster(10, "account modules in a loop")],
                f"The bare client sends one POST for each over {CONNECTIONS} connections and believes the answer. "
                "Rollcall reads the list before and after, and writes intent and evidence for each. "
                "Its time has all of the command in it: Ansible, HR, plan and report.",
            )
        ]
