# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Figma, faked from its documentation. Source: https://developers.figma.com/docs/rest-api/scim-endpoints"""

from __future__ import annotations

import contextlib
import typing as t

import scim2_models as models
from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.product_case import ODD, ProductCase
from ansible_collections.rollcall.access.tests.conformance.scim_fake import ScimFake
from ansible_collections.rollcall.access.tests.conformance.scim_profile import Body, Profile, refusal

FIGMA = "urn:ietf:params:scim:schemas:extension:figma:enterprise:2.0:User"
SEATS = ("Full", "Dev", "Collab", "View")


class FigmaUser(models.Extension):
    """Source: https://developers.figma.com/docs/rest-api/scim-supported-schemas#custom-parameters"""

    __schema__ = models.URN(FIGMA)

    figmaAdmin: bool | None = None


class FigmaFake(ScimFake):
    #: Filters by userName and externalId, pages up to 3000, a PATCH with a value object:
    #: https://developers.figma.com/docs/rest-api/scim-endpoints#get-users-endpoint and #patch-groups-endpoint.
    #: "userName: The user's email and account identifier."
    profile = Profile(
        user=models.User[t.Union[models.EnterpriseUser, FigmaUser]],
        patches=frozenset({"value_object", "path"}),
        member_patches=frozenset({"replace_value_object", "put"}),
        user_filters=("userName", "externalId"),
        group_filters=("displayName", "externalId"),
        largest_page=3000,
        media_type="application/json",
        groups_on_user=False,
        attributes=("userName", "displayName", "name", "active", "externalId", "roles", "title", FIGMA),
    )
    groups = ("Design System", ODD)
    base = "/scim/v2/964615200748176016"

    def email(self, user: Body) -> str:
        return str(user["userName"])

    def person(self, n: int) -> Body:
        person = {**super().person(n), "userName": f"p{n}@acme.example"}
        del person["emails"]
        return person

    def newcomer(self, user: Body) -> Body:
        roles = user.get("roles") or [{"type": "seatType", "value": "View"}]
        return {**user, "roles": roles, FIGMA: user.get(FIGMA) or {"figmaAdmin": False}}

    def check(self, before: Body | None, after: Body) -> None:
        """ "value, which must be one of Full, Dev, Collab, or View": scim-supported-schemas"""
        seats = [role["value"] for role in after.get("roles") or []]
        if any(seat not in SEATS for seat in seats) or len(seats) > 1:
            raise refusal(400, f"no seat: {seats}", "invalidValue")

    def words(self, user: Body) -> set[str]:
        admin = {"figmaAdmin"} if (user.get(FIGMA) or {}).get("figmaAdmin") else set()
        return super().words(user) | admin

    def to_wire(self, user: Body) -> Body:
        """``emails`` is one object, and its ``primary`` a text; seats come back in lower case.

        Sources: scim-endpoints#get-users-endpoint; https://forum.figma.com/report-a-problem-6/scim-figmaadmin-provisioning-39498
        """
        user["emails"] = {"type": "work", "value": user["userName"], "primary": "true"}
        user["roles"] = [{**role, "value": role["value"].lower()} for role in user.get("roles") or []]
        return user


class FigmaCase(ProductCase):
    system = "Figma"
    connector = "figma"
    tested = "A fake built from developers.figma.com (2026), its SCIM messages validated by scim2-models"
    options: t.ClassVar[t.Mapping[str, t.Any]] = {"page_size": 3}
    entitlements = (
        Entitlement("view", "role", "View", rank=1),
        Entitlement("full", "role", "Full", rank=3),
        Entitlement("admin", "permission", "figmaAdmin", privileged=True),
        Entitlement("design", "group", "Design System"),
        Entitlement("odd", "team", ODD),
        Entitlement("nowhere", "group", "Design"),
    )
    roles = ("view", "full")
    adding = ("design", "odd", "admin")
    missing = "nowhere"
    without: t.ClassVar[t.Mapping[str, str]] = {
        "username": "The address is the user name",
        "take_scope": "A SCIM token has no scopes",
        "limit_seats": "Figma does not document what it answers when seats run out",
        "invite": "Through SCIM a member is active at once",
        "make_sole_owner": "Figma documents no account that SCIM does not let go",
    }

    @contextlib.contextmanager
    def start(self) -> t.Iterator[t.Any]:
        with FigmaFake().serving() as fake:
            yield fake
