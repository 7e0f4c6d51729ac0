# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Takes in what people ask for, and follows what their approvers decide."""

from __future__ import annotations

import datetime as dt
import typing as t

# first, for what it does: what is imported after it is compiled once, and not in every run
import ansible_collections.rollcall.access.plugins.plugin_utils.compiled  # noqa: F401  # pylint: disable=unused-import

from ..module_utils.company.company import Company
from ..module_utils.company.request_intake import take_requests
from ..module_utils.company.requesting import ask, withdraw
from ..module_utils.company.telling import tell
from ..module_utils.counted import counted
from ..module_utils.desks.digests import Happenings
from ..module_utils.errors import RequestError
from ..module_utils.face.requests import request_data
from ..module_utils.face.results import finding_lines
from ..module_utils.model import AccessRequest, Finding, Run
from ..module_utils.requesting.asked import Asked
from ..module_utils.requesting.parties import ENTERED
from ..module_utils.requesting.wording import outcome_of
from ..plugin_utils.action import RollcallAction


class ActionModule(RollcallAction):
    arguments: t.ClassVar = {
        "state": {"type": "str", "choices": ["asked", "withdrawn", "followed"], "default": "asked"},
        "id": {"type": "str", "default": ""},
        "app": {"type": "str", "default": ""},
        "entitlements": {"type": "list", "elements": "str", "default": []},
        "person": {"type": "str", "default": ""},
        "reason": {"type": "str", "default": ""},
        "requested_by": {"type": "str", "default": ""},
        "from": {"type": "str", "default": ""},
        "until": {"type": "str", "default": ""},
        "days": {"type": "str", "default": ""},
    }

    def work(self, company: Company, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        arguments = {name: value.strip() if isinstance(value, str) else value for name, value in arguments.items()}
        run = self.begin(company, "request")
        if arguments["state"] == "followed":
            return self._follow(company, run)
        by = arguments["requested_by"] or self.actor()
        if arguments["state"] == "withdrawn":
            if not arguments["id"]:
                raise RequestError("it does not say which request", todo="Give its id")
            found = withdraw(company, run, arguments["id"], by, arguments["reason"])
        else:
            found = ask(company, run, self._asked(arguments, by))
        return self._result(company, found.created, outcome_of(found.request), found.request)

    def _asked(self, arguments: t.Mapping[str, t.Any], by: str) -> Asked:
        app = arguments["app"].removeprefix("app.")
        if not app:
            raise RequestError("it does not say which app", todo="Name an app of the catalog")
        keys = [one.strip() for one in arguments["entitlements"] if one.strip()]
        return Asked(
            person=arguments["person"] or by,
            grants=tuple(dict.fromkeys((app, key) for key in keys or [""])),
            reason=arguments["reason"],
            requested_by=by,
            until=_day(arguments["until"], "until"),
            lasts=_days(arguments["days"]) if not arguments["until"] else None,
            start=_day(arguments["from"], "from"),
            given_id=arguments["id"],
            via=f"{ENTERED}{self.actor()}",
        )

    def _follow(self, company: Company, run: Run) -> dict[str, t.Any]:
        desks = {key: company.desk(key) for key, desk in company.catalog.desks.items() if desk.requests}
        intake = take_requests(company, run, desks)
        decided = intake.followed.decided
        waiting = len(company.ledger.requests(states=("waiting",)))
        new = counted(len(intake.asked), "request is", "requests are")
        message = f"{new} new, {len(decided)} decided, {counted(waiting, 'waits', 'wait')}"
        over = tuple(request for id in decided if (request := company.ledger.request(id)) is not None)
        told = tell(company, run, Happenings(decided=over))
        return self._result(company, intake.changed, message, findings=[*intake.findings, *told.findings])

    def _result(
        self,
        company: Company,
        changed: bool,
        message: str,
        request: AccessRequest | None = None,
        findings: t.Sequence[Finding] = (),
    ) -> dict[str, t.Any]:
        self.say_each(finding_lines(findings))
        return {
            "changed": changed,
            "request": request_data(request, company.people) if request else None,
            "waiting": [request_data(one, company.people) for one in company.ledger.requests(states=("waiting",))],
            "findings": [finding.to_dict() for finding in findings],
            "msg": message,
        }


def _day(text: str, name: str) -> dt.date | None:
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text[:10])
    except ValueError as error:
        raise RequestError(f"{name} is {text!r}, which is no day", todo="Write it as 2026-12-01") from error


def _days(text: str) -> dt.timedelta | None:
    if not text:
        return None
    if not text.isdecimal() or not 0 < int(text) <= 36500:
        raise RequestError(f"days is {text!r}, which is no number of days", todo="Write it as 30")
    return dt.timedelta(days=int(text))
