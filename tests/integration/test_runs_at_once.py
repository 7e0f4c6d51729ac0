# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Eight runs at once, of one ledger and one desk: nothing is opened, said or taken in twice, and no answer is lost."""

from __future__ import annotations

import collections
import pathlib
import typing as t

from ansible_collections.rollcall.access.tests.integration import test_thousand_tasks as thousand
from ansible_collections.rollcall.access.tests.integration.support.small import rows
from ansible_collections.rollcall.access.tests.integration.support.ticketed import ticketed

desk = thousand.desk
PEOPLE, APPS, RUNS = 15, 4, 8
CLOSED, REFUSED, WRITTEN = slice(0, 8), slice(8, 12), slice(12, 20)


def test_eight_runs_at_once_do_everything_once(tmp_path: pathlib.Path, desk: t.Any) -> None:
    server, settings = desk
    company = ticketed(tmp_path, server, settings, people=PEOPLE, apps=APPS)
    for run in [company.start_playbook("reconcile") for _twice in range(2)]:
        run.wait(300)
    company.playbook("reconcile").succeeded()
    tasks = rows(company, "tasks")
    assert len(tasks) == len({row["reference"] for row in tasks}) == len(server.tickets()) == PEOPLE * APPS
    for row in tasks[CLOSED]:
        server.people_close(row["reference"], "done", server.owner)
    for row in tasks[REFUSED]:
        server.people_close(row["reference"], "declined", server.owner)
    for row in tasks[WRITTEN]:
        server.people_reply(row["reference"], "done", server.owner)
    for run in [company.start_playbook("tasks") for _each in range(RUNS)]:
        run.wait(300).succeeded()
    company.playbook("tasks").succeeded()
    states = collections.Counter(row["state"] for row in rows(company, "tasks"))
    assert states == {"attested": 16, "open": PEOPLE * APPS - 16}
    kinds = collections.Counter(row["kind"] for row in rows(company, "events"))
    assert (kinds["task.sent"], kinds["task.attested"], kinds["task.cancelled"]) == (PEOPLE * APPS, 16, 0)
    assert len(server.tickets()) == PEOPLE * APPS
    assert server.problems == []
