# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Grants something outside the policy, for a time."""

from __future__ import annotations

import datetime as dt
import typing as t

# first, for what it does: what is imported after it is compiled once, and not in every run
import ansible_collections.rollcall.access.plugins.plugin_utils.compiled  # noqa: F401  # pylint: disable=unused-import

from ..module_utils.company.company import Company
from ..module_utils.company.duties import check_exception, record_uses
from ..module_utils.company.population import people_named
from ..module_utils.errors import PolicyError
from ..module_utils.model import AccessException
from ..plugin_utils.action import RollcallAction

_NEEDED = ("person", "grant", "reason", "requested_by", "approved_by", "from", "until")


class ActionModule(RollcallAction):
    arguments: t.ClassVar = {
        "id": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "grant": {"type": "dict"},
        **{name: {"type": "str"} for name in _NEEDED if name != "grant"},
    }

    def work(self, company: Company, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        now = company.clock.now()
        there = next((e for e in company.ledger.exceptions() if e.id == arguments["id"]), None)
        if arguments["state"] == "absent":
            if there is None:
                return {"msg": f"there is no exception {arguments['id']}"}
            if company.writes:
                run = self.begin(company, "exception")
                company.ledger.end_exception(
                    arguments["id"], run.actor, arguments["reason"] or "ended by hand", run, now
                )
            return {"changed": True, "msg": f"exception {arguments['id']} has ended"}
        exception = self._exception(company, arguments)
        if there == exception:
            return {"msg": f"exception {exception.id} is there already"}
        if there is not None:
            raise PolicyError(
                f"there is another exception with the id {exception.id!r}",
                where=f"exception {exception.id}",
                todo="End that one first, or give this one an id of its own",
            )
        accepted = check_exception(company, exception, company.people[exception.person])
        if company.writes:
            run = self.begin(company, "exception")
            company.ledger.add_exception(exception, run, now)
            record_uses(company, run, accepted)
        return {"changed": True, "msg": f"exception {exception.id} holds until {exception.until}"}

    def _exception(self, company: Company, arguments: dict[str, t.Any]) -> AccessException:
        where = f"exception {arguments['id']}"
        missing = [name for name in _NEEDED if not arguments[name]]
        if missing:
            raise PolicyError(f"it lacks {', '.join(missing)}", where=where, todo="An exception needs them all")
        (person,) = people_named(company.population, [arguments["person"]])
        if company.organisation.same(arguments["approved_by"], person.id):
            raise PolicyError(f"{person.username} cannot approve their own exception", where=where)
        if company.organisation.same(arguments["approved_by"], arguments["requested_by"]):
            raise PolicyError("who asks for it cannot approve it", where=where)
        pairs = []
        for app, entitlements in arguments["grant"].items():
            company.need_apps([app])
            if not isinstance(entitlements, list):
                raise PolicyError(f"expected a list for the app {app!r}, found {entitlements!r}", where=where)
            for entitlement in entitlements:
                if entitlement not in company.apps[app].entitlements:
                    raise PolicyError(f"the app {app!r} has no entitlement {entitlement!r}", where=where)
                pairs.append((app, entitlement))
        start, until = (_day(arguments[name], name, where) for name in ("from", "until"))
        if until < start:
            raise PolicyError(f"it ends on {until}, before it begins on {start}", where=where)
        return AccessException(
            arguments["id"],
            person.id,
            tuple(sorted(pairs)),
            arguments["reason"],
            arguments["requested_by"],
            arguments["approved_by"],
            start,
            until,
        )


def _day(text: str, name: str, where: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text[:10])
    except ValueError as error:
        raise PolicyError(f"{name} is {text!r}, which is no day", where=where, todo="Write it as 2026-12-01") from error
