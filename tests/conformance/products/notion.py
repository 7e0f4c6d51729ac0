# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Notion, faked from its documentation. Source: https://www.notion.com/help/provision-users-and-groups-with-scim"""

from __future__ import annotations

import contextlib
import typing as t

import scim2_models as models
from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.product_case import ODD, ProductCase
from ansible_collections.rollcall.access.tests.conformance.scim_fake import ScimFake
from ansible_collections.rollcall.access.tests.conformance.scim_profile import Body, Profile, WithSoleOwner, refusal

NOTION = "urn:ietf:params:scim:schemas:extension:notion:2.0:User"
ROLES = ("owner", "membership_admin", "member", "restricted_member")


class NotionUser(models.Extension):
    """ "You can assign workspace levels to Users using the role attribute, which is an extension"."""

    __schema__ = models.URN(NOTION)

    role: str | None = None


class NotionFake(WithSoleOwner, ScimFake):
    #: "Valid attributes to filter by are email, given_name, and family_name", "count has a maximum of 100", "Groups can
    #: be filtered by their displayName attribute", and the table of attributes.
    profile = Profile(
        user=models.User[t.Union[models.EnterpriseUser, NotionUser]],
        user_filters=("email", "given_name", "family_name"),
        attributes=("userName", "name", "emails", "active", "title", NOTION),
        external_ids=False,
        inactive="removed",
    )
    groups = ("Designers", ODD)

    def reset(self) -> None:
        super().reset()
        self.guarded = ""

    def email(self, user: Body) -> str:
        return str(user["userName"])

    def person(self, n: int) -> Body:
        return {**super().person(n), "userName": f"p{n}@acme.example"}

    def newcomer(self, user: Body) -> Body:
        return {**user, NOTION: user.get(NOTION) or {"role": "member"}}

    def check(self, before: Body | None, after: Body) -> None:
        """ "The workspace owner that created the SCIM bot token cannot be removed via the API." """
        if before and before["id"] == self.guarded and not after.get("active", True):
            raise refusal(400, "The owner of the token cannot be removed")
        if (after.get(NOTION) or {}).get("role", "member") not in ROLES:
            raise refusal(400, "Unknown role", "invalidValue")

    def words(self, user: Body) -> set[str]:
        return {user[NOTION]["role"]}


class NotionCase(ProductCase):
    system = "Notion"
    connector = "notion"
    tested = "A fake built from notion.com/help (2026), its SCIM messages validated by scim2-models"
    options: t.ClassVar[t.Mapping[str, t.Any]] = {"page_size": 3}
    entitlements = (
        Entitlement("member", "role", "member", rank=1),
        Entitlement("owner", "role", "owner", rank=3, privileged=True),
        Entitlement("designers", "group", "Designers"),
        Entitlement("odd", "team", ODD),
        Entitlement("nowhere", "group", "Designer"),
    )
    roles = ("member", "owner")
    adding = ("designers", "odd")
    missing = "nowhere"
    without: t.ClassVar[t.Mapping[str, str]] = {
        "username": "The address is the user name",
        "external_id": "Notion has no external ids",
        "take_scope": "A SCIM token has no scopes",
        "limit_seats": "Notion bills for more members and refuses none",
        "invite": "Through SCIM a member is active at once",
    }

    @contextlib.contextmanager
    def start(self) -> t.Iterator[t.Any]:
        with NotionFake().serving() as fake:
            yield fake
