# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HubSpot, through its user provisioning API v3."""

from __future__ import annotations

import typing as t

from ...http import Session
from ...protocols.options import HTTP_OPTIONS
from ...protocols.paging import Paging
from ...protocols.rest_spec import AccountFields, Call, Kind, Listing, RestSpec
from ..rest import RestConnector

_USERS = "settings/v3/users"
_READ, _WRITE, _TEAMS = "settings.users.read", "settings.users.write", "settings.users.teams.read"


def _change(**body: t.Any) -> Call:
    return Call(f"{_USERS}/{{id}}", "PUT", body=body, scope=_WRITE)


SPEC = RestSpec(
    list=Listing(
        _USERS,
        items="results",
        paging=Paging("cursor", "after", 100, "limit", next="paging.next.after"),
        scope=_READ,
    ),
    account=AccountFields(id="id", username="email", email="email", given_name="firstName", family_name="lastName"),
    find={
        "id": Listing(f"{_USERS}/{{id}}", scope=_READ),
        "email": Listing(f"{_USERS}/{{email}}", params={"idProperty": "EMAIL"}, scope=_READ),
        "username": Listing(f"{_USERS}/{{username}}", params={"idProperty": "EMAIL"}, scope=_READ),
    },
    create=(
        Call(
            _USERS,
            body={
                "email": "{email}",
                "firstName": "{given_name}",
                "lastName": "{family_name}",
                "roleId": "{role_id}",
                "sendWelcomeEmail": True,
            },
            scope=_WRITE,
        ),
    ),
    update=(_change(firstName="{given_name}", lastName="{family_name}"),),
    delete=(Call(f"{_USERS}/{{id}}", "DELETE", scope=_WRITE),),
    kinds={
        "role": Kind(
            values="roleIds",
            directory=Listing(f"{_USERS}/roles", items="results", scope=_READ),
            grant=(_change(roleId="{value_id}"),),
        ),
        # A team that was added can only be taken away in HubSpot itself.
        "team": Kind(
            values="[primaryTeamId, secondaryTeamIds][]",
            listed="secondaryTeamIds",
            directory=Listing(f"{_USERS}/teams", items="results", scope=_TEAMS),
            grant=(_change(secondaryTeamIds="{with}"),),
        ),
    },
    # Source: https://developers.hubspot.com/changelog/increasing-our-api-limits
    requests_per_second=19.0,
)


class HubSpot(RestConnector):
    """HubSpot: users, permission sets and teams.

    A permission set is a role: a user has one. Permission sets that come with a paid seat need the scope billing-write.
    A user cannot be suspended, only removed, and cannot be made a Super Admin. An address never changes.

    Source: https://developers.hubspot.com/docs/api-reference/settings-user-provisioning-v3/guide
    """

    name = "hubspot"
    options: t.ClassVar[t.Mapping[str, str]] = {
        "token": "secret",
        "base_url": "optional",
        "page_size": "optional",
        **HTTP_OPTIONS,
    }
    spec = SPEC

    def session(self) -> Session:
        return self.settings.session(
            sign_in=self.settings.sign_in(),
            base_url="https://api.hubapi.com",
            requests_per_second=self.rest.requests_per_second,
        )
