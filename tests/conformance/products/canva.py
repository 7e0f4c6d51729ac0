# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Canva, faked from its documentation. Source: https://www.canva.dev/docs/scim/"""

from __future__ import annotations

import contextlib
import typing as t

import scim2_models as models
from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.product_case import ProductCase
from ansible_collections.rollcall.access.tests.conformance.scim_fake import ScimFake
from ansible_collections.rollcall.access.tests.conformance.scim_profile import Body, Profile

ROLES = ("Member", "Teacher", "Staff", "Admin", "Template-designer", "Aide", "Administrator", "Faculty")


class CanvaUser(models.User[models.EnterpriseUser]):
    """``role`` is one text of the core user. Source: https://www.canva.dev/docs/scim/update-all-information-user"""

    role: str | None = None


class CanvaFake(ScimFake):
    #: "count … Must be between 1 and 10", filters by userName and externalId, ``resources`` in lower case:
    #: https://www.canva.dev/docs/scim/list-users
    profile = Profile(
        user=CanvaUser,
        patches=frozenset({"path", "value_object", "put"}),
        user_filters=("userName", "externalId"),
        unknown_filter=403,
        largest_page=10,
        too_large=400,
        resources="resources",
        required=("userName", "emails"),
        groups_on_user=False,
        members_shown=False,
    )
    base = "/_scim/v2"

    def newcomer(self, user: Body) -> Body:
        """ "If an invalid value is provided, the role defaults to Member." """
        return {**user, "role": user.get("role") if user.get("role") in ROLES else "Member"}

    def shown(self, key: str) -> Body:
        self.users[key] = self.newcomer(self.users[key])
        return super().shown(key)

    def words(self, user: Body) -> set[str]:
        return {user["role"]}


class CanvaCase(ProductCase):
    system = "Canva"
    connector = "canva"
    tested = "A fake built from canva.dev/docs/scim (2026), its SCIM messages validated by scim2-models"
    options: t.ClassVar[t.Mapping[str, t.Any]] = {"page_size": 3}
    entitlements = (
        Entitlement("member", "role", "Member", rank=1),
        Entitlement("designer", "role", "Template-designer", rank=2),
        Entitlement("nowhere", "role", "Brand Designer", rank=3),
    )
    roles = ("member", "designer")
    missing = "nowhere"
    without: t.ClassVar[t.Mapping[str, str]] = {
        "take_scope": "A SCIM token has no scopes",
        "limit_seats": "Canva does not document what it answers when seats run out",
        "invite": "Through SCIM a member is active at once",
        "make_sole_owner": "Canva documents no account that SCIM does not let go",
    }

    @contextlib.contextmanager
    def start(self) -> t.Iterator[t.Any]:
        with CanvaFake().serving() as fake:
            yield fake
