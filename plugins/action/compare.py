# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Says who gains and loses what between two commits of the policy."""

from __future__ import annotations

import typing as t

# first, for what it does: what is imported after it is compiled once, and not in every run
import ansible_collections.rollcall.access.plugins.plugin_utils.compiled  # noqa: F401  # pylint: disable=unused-import

from ..module_utils.company.company import Company
from ..module_utils.company.comparing import compare
from ..module_utils.reports.comparison import REASONS
from ..module_utils.reports.comparison_text import NAMED, as_json, markdown
from ..module_utils.writing import write_text
from ..plugin_utils.action import RollcallAction


class ActionModule(RollcallAction):
    writes = False
    arguments: t.ClassVar = {
        "from": {"type": "str", "required": True},
        "to": {"type": "str", "default": ""},
        "directory": {"type": "path"},
        "names": {"type": "int", "default": NAMED},
        "fail_on": {"type": "list", "elements": "str", "choices": list(REASONS), "default": []},
    }

    def work(self, company: Company, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        found = compare(company, arguments["from"], arguments["to"])
        text = markdown(found, max(0, arguments["names"]))
        for line in text.splitlines():
            self.say(f"  {line}".rstrip())
        files = []
        if arguments["directory"] and not self.check_mode:
            folder = self.in_company(arguments["directory"])
            folder.mkdir(mode=0o750, parents=True, exist_ok=True)
            files = [write_text(folder / "compare.md", text), write_text(folder / "compare.json", as_json(found))]
        result: dict[str, t.Any] = {
            "markdown": text,
            "counts": {
                "gaining": len(found.gaining),
                "losing": len(found.losing),
                "privileged": len({name for one in found.privileged for name in one.gains}),
                "apps_lost": len({name for one in found.apps_lost for name in one.losses}),
                "conflicts": len(found.conflicts),
            },
            "files": [str(path) for path in files],
            "msg": f"{_people(len(found.gaining), 'gain')}, {_people(len(found.losing), 'lose')} access",
        }
        reasons = found.reasons(arguments["fail_on"])
        if reasons:
            result.update(failed=True, msg="; ".join(reasons))
        return result


def _people(number: int, do: str) -> str:
    return f"{number} {f'person {do}s' if number == 1 else f'people {do}'}"
