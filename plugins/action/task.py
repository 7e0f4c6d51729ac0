# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Completes or declines one manual task."""

from __future__ import annotations

import typing as t

# first, for what it does: what is imported after it is compiled once, and not in every run
import ansible_collections.rollcall.access.plugins.plugin_utils.compiled  # noqa: F401  # pylint: disable=unused-import

from ..module_utils.company.company import Company
from ..module_utils.company.concluding import conclude
from ..module_utils.company.evidence import keep_files
from ..module_utils.company.following_requests import check_answer, follow_requests
from ..module_utils.company.leaving import follow_leaving
from ..module_utils.desks.books import Books
from ..module_utils.desks.settling import complete_task, decline_task, reopen_task
from ..module_utils.face.tasks import task_data
from ..plugin_utils.action import RollcallAction


class ActionModule(RollcallAction):
    # an owner must be able to say "done" while HR is down
    emergency = True
    arguments: t.ClassVar = {
        "id": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["done", "declined", "open"], "default": "done"},
        "account_name": {"type": "str"},
        "note": {"type": "str"},
        "by": {"type": "str"},
        "evidence": {"type": "list", "elements": "path", "default": []},
    }

    def work(self, company: Company, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        run = self.begin(company, "complete_task")
        now = company.clock.now()
        books = Books(company.ledger, run, company.people, company.apps)
        by = arguments["by"] or self.actor()
        note = arguments["note"] or ""
        known = company.ledger.task(arguments["id"])
        if known is not None and arguments["state"] != "open":
            check_answer(company, known, by, self.actor())
        if arguments["state"] == "open":
            settled = reopen_task(books, arguments["id"], now, reason=note, by=by, write=company.writes)
        elif arguments["state"] == "declined":
            settled = decline_task(books, arguments["id"], now, reason=note, by=by, write=company.writes)
        else:
            name = arguments["account_name"] or ""
            settled = complete_task(
                books, arguments["id"], now, account_name=name, note=note, by=by, write=company.writes
            )
        task = settled.task
        kept: tuple[str, ...] = ()
        if company.writes and arguments["evidence"]:
            kept = keep_files(company, run, task, [self.in_company(path) for path in arguments["evidence"]], by)
        if company.writes and settled.changed:
            # what follows from a manager's choices is opened before it is said that their leaver is complete
            people = {task.person, *task.concerns, *follow_leaving(company, run).people} & company.people.keys()
            conclude(company, people, run)
        if company.writes and task.kind == "approval":
            follow_requests(company, run, only=[str(task.details.get("request"))])
        word = "is" if settled.changed else "was already"
        return {
            "changed": settled.changed,
            "task": task_data(task, company.people),
            "evidence": list(kept),
            "msg": f"task {task.id} ({task.title}) {word} {task.state}",
        }
