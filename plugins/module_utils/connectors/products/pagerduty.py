# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PagerDuty, through its REST API v2."""

from __future__ import annotations

import copy
import typing as t

from ...errors import Refused
from ...http import Session
from ...protocols.options import HTTP_OPTIONS
from ...protocols.paging import Paging
from ...protocols.rest_spec import AccountFields, Call, Kind, Listing, RestSpec
from ...protocols.sign_in import bearer
from ..contract import Account
from ..rest import RestConnector

_FROM = {"From": "{option.from}"}  # who acts: the address of a user of the account, for what is done in somebody's name
_OPEN = {"statuses[]": ["triggered", "acknowledged"], "date_range": "all"}


def _entries(path: str, items: str, **params: t.Any) -> Listing:
    paging = Paging("offset", "offset", 100, "limit", more="more")
    return Listing(path, params=params, items=items, paging=paging, scope=f"{path}.read")


def _change(**user: t.Any) -> Call:
    """A PUT needs name and address whatever it changes."""
    kept = {"type": "user", "name": "{record.name}", "email": "{record.email}"}
    return Call("users/{id}", "PUT", body={"user": {**kept, **user}}, scope="users.write")


SPEC = RestSpec(
    list=_entries("users", "users"),
    account=AccountFields(
        id="id",
        username="email",
        email="email",
        name="name",
        state="invitation_sent || `false`",
        states={"true": "invited", "false": "active"},
    ),
    find={
        "id": Listing("users/{id}", items="user", scope="users.read"),
        "email": _entries("users", "users", query="{email}"),
        "username": _entries("users", "users", query="{username}"),
    },
    create=(
        Call(
            "users",
            headers=_FROM,
            body={"user": {"type": "user", "name": "{name}", "email": "{email}", "role": "{role}"}},
            answer="user",
            scope="users.write",
        ),
    ),
    update=(_change(name="{new.name}", email="{new.email}"),),
    delete=(Call("users/{id}", "DELETE", scope="users.write"),),
    end_sessions=tuple(
        Call("oauth_delegations", "DELETE", params={"user_id": "{id}", "type": kind}, scope="oauth_delegations.write")
        for kind in ("web", "mobile")
    ),
    kinds={
        "role": Kind(values="role", grant=(_change(role="{value}"),)),
        "team": Kind(
            values="teams[].id",
            directory=_entries("teams", "teams"),
            grant=(Call("teams/{value_id}/users/{id}", "PUT", body={"role": "responder"}, scope="teams.write"),),
            revoke=(Call("teams/{value_id}/users/{id}", "DELETE", already=(404,), scope="teams.write"),),
        ),
    },
)

_POLICIES = _entries("escalation_policies", "escalation_policies", **{"user_ids[]": ["{id}"]})
_SCHEDULES = _entries("schedules", "schedules")
_SCHEDULE = Listing("schedules/{item}", items="schedule")
_INCIDENTS = _entries("incidents", "incidents", **{"user_ids[]": ["{id}"], **_OPEN})
_PUT_POLICY = Call("escalation_policies/{item.id}", "PUT", body={"escalation_policy": "{item}"})
_PUT_SCHEDULE = Call("schedules/{item.id}", "PUT", body={"schedule": "{item}"})
_REASSIGN = Call(
    "incidents",
    "PUT",
    headers=_FROM,
    body={
        "incidents": [
            {
                "id": "{item.id}",
                "type": "incident_reference",
                "assignments": [{"assignee": {"id": "{to.id}", "type": "user_reference"}}],
            }
        ]
    },
)
# What a PUT of a schedule does not take back: it is worked out by PagerDuty.
_WORKED_OUT = ("rendered_schedule_entries", "rendered_coverage_percentage")
_SCHEDULE_FIELDS = ("id", "type", "name", "description", "time_zone", "schedule_layers", "teams")


class PagerDuty(RestConnector):
    """PagerDuty: users, base roles and teams; on-call duties are handed over.

    There is no suspended user: a leaver is deleted. A user who has open incidents, or is in a schedule or an escalation
    policy, cannot be deleted; handing over puts the heir into their place in all three. Ending sessions revokes what
    the web and mobile apps were allowed. The role owner cannot be given.

    Source: https://developer.pagerduty.com/api-reference
    """

    name = "pagerduty"
    options: t.ClassVar[t.Mapping[str, str]] = {
        "token": "secret",
        "from": "required",
        "base_url": "optional",
        "page_size": "optional",
        **HTTP_OPTIONS,
    }
    spec = SPEC

    def session(self) -> Session:
        return self.settings.session(
            sign_in=bearer(self.settings.text("token").strip(), "Token token="), base_url="https://api.pagerduty.com"
        )

    @classmethod
    def operations(cls) -> frozenset[str]:
        return super().operations() | {"transfer"}

    def delete(self, account: Account) -> bool:
        try:
            return super().delete(account)
        except Refused as error:
            if error.details.get("status") == 400:
                error.todo = (
                    "Hand over open incidents, schedules and escalation policies first: leave: {transfer: manager}"
                )
            raise

    def transfer(self, account: Account, to: Account) -> bool:
        """Put ``to`` into the place of ``account`` in escalation policies, schedules and open incidents."""
        where = self.where("transfer", account)
        values = {**self.values, "id": account.id, "to": {"id": to.id}}
        changed = False
        for policy in self.client.read(_POLICIES, values, where, "id"):
            after = with_target(policy, account.id, to.id)
            if after != policy:
                changed |= self.client.send((_PUT_POLICY,), {**values, "item": after}, where)[0]
        for listed in self.client.read(_SCHEDULES, values, where, "id"):
            schedule = self.client.read(_SCHEDULE, {**values, "item": listed["id"]}, where)[0]
            moved = with_user(schedule, account.id, to.id)
            if moved is not None:
                changed |= self.client.send((_PUT_SCHEDULE,), {**values, "item": moved}, where)[0]
        for incident in self.client.read(_INCIDENTS, values, where, "id"):
            changed |= self.client.send((_REASSIGN,), {**values, "item": incident}, where)[0]
        return changed


def with_target(policy: t.Mapping[str, t.Any], old: str, new: str) -> dict[str, t.Any]:
    """Return an escalation policy in which one user stands where another stood; nobody stands in a rule twice."""
    after = copy.deepcopy(dict(policy))
    for rule in after.get("escalation_rules", []):
        targets: list[t.Any] = []
        for target in rule["targets"]:
            one = {"id": new, "type": "user_reference"} if target["id"] == old else target
            if one["id"] not in [kept["id"] for kept in targets]:
                targets.append(one)
        rule["targets"] = targets
    return after


def with_user(schedule: t.Mapping[str, t.Any], old: str, new: str) -> dict[str, t.Any] | None:
    """Return a schedule, as a PUT takes it, in which one user stands where another stood; None where that one is not.

    The order of a rotation is kept, so nobody else's turn moves.
    """
    after = {name: copy.deepcopy(schedule[name]) for name in _SCHEDULE_FIELDS if name in schedule}
    found = False
    for layer in after.get("schedule_layers", []):
        for name in _WORKED_OUT:
            layer.pop(name, None)
        for entry in layer["users"]:
            if entry["user"]["id"] == old:
                entry["user"] = {"id": new, "type": "user_reference"}
                found = True
    return after if found else None
