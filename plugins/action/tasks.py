# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Brings manual tasks up to date."""

from __future__ import annotations

import typing as t

# first, for what it does: what is imported after it is compiled once, and not in every run
import ansible_collections.rollcall.access.plugins.plugin_utils.compiled  # noqa: F401  # pylint: disable=unused-import

from ..module_utils.company.company import Company
from ..module_utils.company.manual_work import send_new, synchronise
from ..module_utils.company.progressing import progress_lines
from ..module_utils.counted import counted
from ..module_utils.desks.answers import read_answers, write_sheet
from ..module_utils.desks.contract import Answer
from ..module_utils.face.results import finding_lines
from ..module_utils.face.tasks import task_data
from ..module_utils.model import Finding
from ..module_utils.writing import write_text
from ..plugin_utils.action import RollcallAction

#: Of so many people the progress is shown as the run goes; that of all is in the result, and in the report.
SHOWN = 20


class ActionModule(RollcallAction):
    arguments: t.ClassVar = {
        "answers": {"type": "path"},
        "sheet": {"type": "path"},
        "only_send": {"type": "bool", "default": False},
        "emergency": {"type": "bool", "default": False},
    }

    def work(self, company: Company, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        run = self.begin(company, "tasks")
        answers: tuple[Answer, ...] = ()
        notes: tuple[Finding, ...] = ()
        if arguments["answers"]:
            answers, notes = read_answers(self.in_company(arguments["answers"]))
        done = send_new(company, run) if arguments["only_send"] else synchronise(company, run, answers)
        now = company.clock.now()
        if company.writes and arguments["sheet"]:
            sheet = self.in_company(arguments["sheet"])
            sheet.parent.mkdir(parents=True, exist_ok=True)
            write_text(sheet, write_sheet(done.open, company.people, company.apps))
        findings = (*notes, *done.findings)
        for line in finding_lines(findings):
            self.say(f"  {line}")
        overdue = sum(task.due < now for task in done.open)
        progress = progress_lines(company, {task.person for task in done.open} | done.people)
        self.say_each(sorted(progress.values())[:SHOWN])
        message = f"{counted(len(done.ended), 'task')} ended, {counted(len(done.open), 'is', 'are')} open"
        message += f", {overdue} of them late"
        for number, one, several in (
            (len(done.sent), "went to its owner as a ticket", "went to their owners as tickets"),
            (len(done.chased), "was chased", "were chased"),
            (len(done.asked), "request is new", "requests are new"),
            (len(done.decided), "request was decided", "requests were decided"),
            (done.told, "message went out", "messages went out"),
        ):
            if number:
                message += f"; {counted(number, one, several)}"
        result: dict[str, t.Any] = {
            "changed": done.changed,
            "open": [task_data(task, company.people) for task in done.open],
            "overdue": overdue,
            "ended": dict(done.ended),
            "reopened": list(done.reopened),
            "findings": [finding.to_dict() for finding in findings],
            "sent": list(done.sent),
            "progress": {company.people[id].username: line for id, line in sorted(progress.items())},
            "chased": list(done.chased),
            "asked": list(done.asked),
            "decided": dict(done.decided),
            "told": done.told,
            "left": list(done.left),
            "msg": message,
        }
        if done.problems:
            result.update(failed=True, msg=f"{message}. Left for the next run: {'; '.join(done.problems)}")
            # Ansible prints all of a failed result; what was said above already would bury why it failed
            del result["open"], result["progress"]
            result["findings"] = [finding.to_dict() for finding in findings if finding.code != "task_overdue"]
        return result
