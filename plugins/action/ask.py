# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers an auditor's question."""

from __future__ import annotations

import shutil
import typing as t

# first, for what it does: what is imported after it is compiled once, and not in every run
import ansible_collections.rollcall.access.plugins.plugin_utils.compiled  # noqa: F401  # pylint: disable=unused-import

from ..module_utils.company.answering import answer_of
from ..module_utils.company.company import Company
from ..module_utils.reports.questions.question import PARAMETERS
from ..module_utils.reports.questions.registry import LIST
from ..module_utils.reports.questions.showing import as_records, check_file, lines, listing, write_answer
from ..plugin_utils.action import RollcallAction

#: So many rows are in the result; the file has all.
MOST_ROWS = 5000

#: How wide the terminal is, 0 where there is none. Asked for here: Ansible imports this in the process that has the
#: terminal, and does the work in one that has not.
WIDTH = shutil.get_terminal_size((0, 0)).columns


class ActionModule(RollcallAction):
    writes = False
    arguments: t.ClassVar = {
        "question": {"type": "str", "default": "list"},
        **{name: {"type": "str"} for name in PARAMETERS},
        "on": {"type": "str", "aliases": ["day"]},
        "file": {"type": "path"},
    }

    def work(self, company: Company, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        path = self.in_company(arguments["file"]) if arguments["file"] else None
        if path is not None:
            check_file(path)
        given = {name: arguments[name] for name in PARAMETERS}
        answer = answer_of(company, arguments["question"], given)
        shown = (
            listing(answer)
            if arguments["question"] == LIST
            else lines(answer, company.settings.working_day.zone, WIDTH and WIDTH - 2)
        )
        for line in shown:
            self.say(f"  {line}".rstrip())
        if path is not None and not self.check_mode:
            about = {"question": arguments["question"], **{name: value for name, value in given.items() if value}}
            write_answer(answer, path, {"company": company.settings.company, **about})
        return {
            "columns": list(answer.columns),
            "rows": as_records(answer, MOST_ROWS),
            "count": len(answer.rows),
            "sentence": answer.sentence,
            "notes": list(answer.notes),
            "file": str(path) if path is not None else "",
            "msg": answer.sentence,
        }
