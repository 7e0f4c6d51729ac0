# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Loom, whose SCIM is WorkOS's directory sync. Not documented in detail: RFC 7644 with what integrators say of it.

Sources: https://docs.nango.dev/integrations/all/loom-scim/connect,
https://help.trelica.com/hc/en-us/articles/17855935724829-Loom
"""

from __future__ import annotations

import contextlib
import typing as t

import scim2_models as models
from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.product_case import ProductCase
from ansible_collections.rollcall.access.tests.conformance.scim_fake import ScimFake
from ansible_collections.rollcall.access.tests.conformance.scim_profile import Body, Profile

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


class LoomUser(models.EnterpriseUser):
    """The role is an attribute that a workspace maps; here it is in the enterprise extension."""

    loomMemberRole: str | None = None


class LoomFake(ScimFake):
    profile = Profile(
        user=models.User[LoomUser],
        user_filters=("userName",),
        required=("userName", "emails"),
        groups_on_user=False,
        has_groups=False,
        delete="deactivate",
    )

    def newcomer(self, user: Body) -> Body:
        role = (user.get(ENTERPRISE) or {}).get("loomMemberRole") or "viewer"
        return {**user, ENTERPRISE: {"loomMemberRole": role}}

    def words(self, user: Body) -> set[str]:
        return {user[ENTERPRISE]["loomMemberRole"]}


class LoomCase(ProductCase):
    system = "Loom"
    connector = "loom"
    tested = "A fake built from RFC 7644 and what integrators document, its messages validated by scim2-models"
    options: t.ClassVar[t.Mapping[str, t.Any]] = {"page_size": 3}
    entitlements = (
        Entitlement("viewer", "role", "viewer", rank=1),
        Entitlement("creator", "role", "creator", rank=2),
    )
    roles = ("viewer", "creator")
    without: t.ClassVar[t.Mapping[str, str]] = {
        "take_scope": "A SCIM token has no scopes",
        "limit_seats": "What Loom answers when seats run out is not documented",
        "invite": "SCIM does not tell who has not accepted yet",
        "make_sole_owner": "No account that SCIM does not let go is documented",
    }

    @contextlib.contextmanager
    def start(self) -> t.Iterator[t.Any]:
        with LoomFake().serving() as fake:
            yield fake
