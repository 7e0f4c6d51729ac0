# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes an evidence pack."""

from __future__ import annotations

import typing as t

# first, for what it does: what is imported after it is compiled once, and not in every run
import ansible_collections.rollcall.access.plugins.plugin_utils.compiled  # noqa: F401  # pylint: disable=unused-import

from ..module_utils.company.company import Company
from ..module_utils.company.packing import Asked, make_pack
from ..module_utils.errors import EvidenceError
from ..plugin_utils.action import RollcallAction
from ..plugin_utils.given import mapping_given


class ActionModule(RollcallAction):
    arguments: t.ClassVar = {
        "first": {"type": "str", "required": True},
        "last": {"type": "str", "required": True},
        "directory": {"type": "path", "required": True},
        "scope": {"type": "raw"},
        "sample": {"type": "int", "default": 0},
        "seed": {"type": "str", "default": ""},
        "sample_of": {"type": "str", "choices": ["people", "joiners", "movers", "leavers"], "default": "people"},
        "font": {"type": "path"},
        "events": {"type": "bool"},
    }

    def work(self, company: Company, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        asked = Asked(
            arguments["first"],
            arguments["last"],
            self.in_company(arguments["directory"]),
            mapping_given(arguments["scope"], "scope", EvidenceError),
            arguments["sample"],
            arguments["seed"],
            arguments["sample_of"],
            self.in_company(arguments["font"]) if arguments["font"] else None,
            arguments["events"],
        )
        begin = (lambda: self.begin(company, "evidence")) if company.writes else None
        made = make_pack(company, asked, actor=self.actor(), begin=begin)
        pack = made.pack
        counts = {sheet.name: len(sheet.rows) for sheet in pack.sheets}
        for row in pack.sheet("not_known").rows:
            self.say(f"  not known: {row[0]}: {row[1]}" + (f" ({row[2]})" if row[2] else ""))
        said = ", ".join(f"{counts[name]} {name}" for name in ("people", "accounts", "grants", "joiners", "leavers"))
        where = f"the evidence pack is {made.folder}" if made.manifest else "an evidence pack would be made"
        return {
            "changed": bool(made.manifest) or self.check_mode,
            "directory": str(made.folder),
            "manifest_sha256": made.manifest,
            "counts": counts,
            "sample": list(pack.drawn),
            "seed": pack.sample.seed,
            "msg": f"{where}: {said}; {counts['not_known']} things are not known",
        }
