# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gainsight CS, faked from its documentation and from what public programs send it.

Sources: https://support.gainsight.com/gainsight_nxt/API_and_Developer_Docs/User_Management_APIs/SCIM_API (addresses,
super admins for writes; "Get Access Token API" has the token's address)
"""

from __future__ import annotations

import base64
import contextlib
import typing as t

import scim2_models as models
from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.fake import Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ODD, ProductCase
from ansible_collections.rollcall.access.tests.conformance.scim_fake import ScimFake
from ansible_collections.rollcall.access.tests.conformance.scim_profile import Body, Profile, refusal

GAINSIGHT = "urn:ietf:params:scim:schemas:extension:gainsight:2.0:User"


class GainsightUser(models.Extension):
    __schema__ = models.URN(GAINSIGHT)

    LicenseType: str | None = None
    IsSuperAdmin: bool | None = None


class GainsightFake(ScimFake):
    profile = Profile(
        user=models.User[t.Union[models.EnterpriseUser, GainsightUser]],
        user_filters=("userName", "emails.value"),
        required=("userName", "emails", "name.familyName"),
        delete="deactivate",
    )
    groups = ("EMEA", ODD)
    base = "/v1/users/services/scim"

    def reset(self) -> None:
        super().reset()
        self.super_admin = True
        self.tokens: set[str] = set()

    def connection(self, port: int) -> dict[str, t.Any]:
        base = {"base_url": f"http://127.0.0.1:{port}{self.base}"}
        return {**base, "client_id": "rollcall", "client_secret": CANARY}

    def authenticate(self, request: Request) -> None:
        if request.path.endswith("/oauth/token"):
            return
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.expired or token not in self.tokens:
            raise refusal(401, "Unauthorized")
        if request.method != "GET" and not self.super_admin:
            raise refusal(403, "Create, Update, and Patch APIs: available only to super admins")

    @route("POST", "/v1/users/m2m/oauth/token")
    def give_token(self, request: Request) -> t.Any:
        pair = base64.b64encode(f"rollcall:{CANARY}".encode()).decode()
        if self.expired or request.headers.get("Authorization") != f"Basic {pair}":
            return 401, {"error": "invalid_client"}
        token = f"{CANARY}-token-{len(self.tokens)}"
        self.tokens.add(token)
        return 200, {"access_token": token, "token_type": "Bearer", "expires_in": 86400}

    def person(self, n: int) -> Body:
        return {**super().person(n), GAINSIGHT: {"LicenseType": "Viewer"}}

    def licence(self, user: Body) -> str:
        """scim2-models writes names its own way; RFC 7643, 2.1 has them in any case."""
        return next((value for name, value in (user.get(GAINSIGHT) or {}).items() if name.lower() == "licensetype"), "")

    def to_wire(self, user: Body) -> Body:
        return {**user, GAINSIGHT: {"LicenseType": self.licence(user), "IsSuperAdmin": False}}

    def words(self, user: Body) -> set[str]:
        return super().words(user) | ({self.licence(user)} - {""})


class GainsightCase(ProductCase):
    system = "Gainsight"
    connector = "gainsight"
    tested = "A fake built from support.gainsight.com (2026) and RFC 7644, its messages validated by scim2-models"
    options: t.ClassVar[t.Mapping[str, t.Any]] = {"page_size": 3}
    entitlements = (
        Entitlement("viewer", "role", "Viewer", rank=1),
        Entitlement("full", "role", "Full", rank=2),
        Entitlement("csm", "permission", "CSM"),
        Entitlement("emea", "group", "EMEA"),
        Entitlement("odd", "team", ODD),
        Entitlement("nowhere", "group", "EME"),
    )
    roles = ("viewer", "full")
    adding = ("csm", "emea", "odd")
    missing = "nowhere"
    without: t.ClassVar[t.Mapping[str, str]] = {
        "external_id": "Lists are not known to be filtered by it, and are then read whole, which is tested elsewhere",
        "take_scope": "The key has no scopes; who is no super admin may not write at all",
        "limit_seats": "What Gainsight answers when licences run out is not documented",
        "invite": "SCIM does not tell who has not accepted yet",
        "make_sole_owner": "No account that SCIM does not let go is documented",
    }

    @contextlib.contextmanager
    def start(self) -> t.Iterator[t.Any]:
        with GainsightFake().serving() as fake:
            yield fake
