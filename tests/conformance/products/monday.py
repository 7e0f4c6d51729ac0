# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""monday.com, faked from its documentation and from what public programs send it.

Source: https://support.monday.com/hc/en-us/articles/360021893619-SCIM-Provisioning-API
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.fake import Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import ODD, ProductCase
from ansible_collections.rollcall.access.tests.conformance.scim_fake import ScimFake
from ansible_collections.rollcall.access.tests.conformance.scim_profile import Body, Profile, WithSoleOwner, refusal


class MondayFake(WithSoleOwner, ScimFake):
    #: Users and Teams; de-provisioning deactivates.
    profile = Profile(
        user_filters=("userName",),
        group_filters=(),
        delete="deactivate",
        parameters=frozenset({"scim_provisioned_only"}),
    )
    groups = ("Marketing", ODD)

    def reset(self) -> None:
        super().reset()
        self.guarded = ""

    def person(self, n: int) -> Body:
        return {**super().person(n), "userName": f"p{n}@acme.example", "userType": "member"}

    def check(self, before: Body | None, after: Body) -> None:
        """Who made the SCIM token cannot be deactivated."""
        if before and before["id"] == self.guarded and not after.get("active", True):
            raise refusal(403, "The admin who generated the token cannot be deactivated")

    @route("GET", "/scim/v2/Users")
    def list_users(self, request: Request) -> t.Any:
        """Without this parameter only those whom SCIM made are listed, which here is nobody."""
        if request.args.get("scim_provisioned_only") != "false":
            self.problems.append(f"{request.full_path}: lists only what SCIM made")
        return super().list_users(request)


class MondayCase(ProductCase):
    system = "monday.com"
    connector = "monday"
    tested = "A fake built from support.monday.com (2026) and RFC 7644, its messages validated by scim2-models"
    options: t.ClassVar[t.Mapping[str, t.Any]] = {"page_size": 3}
    entitlements = (
        Entitlement("marketing", "team", "Marketing"),
        Entitlement("odd", "group", ODD),
        Entitlement("nowhere", "team", "Market"),
    )
    adding = ("marketing", "odd")
    missing = "nowhere"
    without: t.ClassVar[t.Mapping[str, str]] = {
        "username": "The address is the user name",
        "take_scope": "A SCIM token has no scopes",
        "limit_seats": "monday.com does not document what it answers when seats run out",
        "invite": "SCIM does not tell who has not accepted yet",
    }

    @contextlib.contextmanager
    def start(self) -> t.Iterator[t.Any]:
        with MondayFake().serving() as fake:
            yield fake
