# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tailscale, through its API v2."""

from __future__ import annotations

import typing as t

from ...http import Session
from ...protocols.options import HTTP_OPTIONS
from ...protocols.rest_spec import AccountFields, Call, Invitations, Kind, Listing, RestSpec
from ..rest import RestConnector

_TAILNET = "tailnet/{option.tailnet}"
_USER = "users/{id}"

SPEC = RestSpec(
    list=Listing(f"{_TAILNET}/users", params={"type": "member"}, items="users", scope="users:read"),
    account=AccountFields(
        id="id",
        username="loginName",
        email="loginName",
        name="displayName",
        state="status",
        states={
            "active": "active",
            "idle": "active",
            "suspended": "suspended",
            "needs-approval": "invited",
            "over-billing-limit": "active",
        },
        created="created",
        last_used="lastSeen",
    ),
    find={"id": Listing(_USER, scope="users:read")},
    create=(
        Call(
            f"{_TAILNET}/user-invites",
            body=[{"email": "{email}", "role": "{role}"}],
            answer="`null`",
            scope="users:invite",
        ),
    ),
    suspend=(Call(f"{_USER}/suspend", scope="users"),),
    reactivate=(Call(f"{_USER}/restore", scope="users"),),
    delete=(Call(f"{_USER}/delete", scope="users"),),
    end_sessions=(
        Call(
            "device/{item.id}/expire",
            already=(404,),
            each=Listing(
                f"{_TAILNET}/devices", items="devices", only={"user": "{record.loginName}"}, scope="devices:core:read"
            ),
            scope="devices:core",
        ),
    ),
    kinds={
        "role": Kind(
            values="role",
            default="member",
            grant=(Call(f"{_USER}/role", body={"role": "{value}"}, scope="users"),),
        )
    },
    invitations=Invitations(
        list=Listing(f"{_TAILNET}/user-invites", scope="users:invite"),
        account=AccountFields(id="id", username="email", email="email"),
        cancel=(Call("user-invites/{id}", "DELETE", already=(404,), scope="users:invite"),),
    ),
)


class Tailscale(RestConnector):
    """Tailscale: users, roles and invitations.

    A user is invited, and is an account when they have signed in for the first time. Suspending disconnects their
    devices and frees the seat; deleting deletes the devices, too. Ending sessions expires the keys of the user's
    devices: each has to sign in again. The API does not act on its own token's user, and the owner's role has to be
    given to somebody else before the owner is deleted.

    Source: https://tailscale.com/api
    Source: https://tailscale.com/docs/features/sharing/how-to/remove-team-members
    """

    name = "tailscale"
    options: t.ClassVar[t.Mapping[str, str]] = {
        "tailnet": "required",
        "token": "optional",
        "auth": "optional",
        "base_url": "optional",
        **HTTP_OPTIONS,
    }
    spec = SPEC

    def session(self) -> Session:
        return self.settings.session(sign_in=self.settings.sign_in(), base_url="https://api.tailscale.com/api/v2")
