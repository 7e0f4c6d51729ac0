# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Atlassian's SCIM directory and API tokens, faked from their documentation.

Sources: https://developer.atlassian.com/cloud/admin/user-provisioning/rest/api-group-users/,
https://developer.atlassian.com/cloud/admin/user-management/rest/
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.fake import Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ODD, ProductCase
from ansible_collections.rollcall.access.tests.conformance.scim_fake import ScimFake
from ansible_collections.rollcall.access.tests.conformance.scim_profile import Body, Profile, refusal

EXTERNAL = "urn:scim:schemas:extension:atlassian-external:1.0"
ORG_KEY = f"{CANARY}-org"


class AtlassianFake(ScimFake):
    #: "Filtering is supported with a single exact match (eq) against the userName and externalId attributes", "A user
    #: account can only be created if it has an email address on a verified domain"; groups by displayName.
    profile = Profile(user_filters=("userName", "externalId"), required=("userName", "emails"))
    groups = ("jira-software-users", ODD)
    base = "/scim/directory/315e79ae-404a-4061-8a88-df91c8c7db34"

    def reset(self) -> None:
        super().reset()
        self.tokens: dict[str, list[str]] = {}

    def connection(self, port: int) -> dict[str, t.Any]:
        return {**super().connection(port), "org_key": ORG_KEY, "org_url": f"http://127.0.0.1:{port}"}

    def check(self, before: Body | None, after: Body) -> None:
        if not self.email(after).endswith("@acme.example"):
            raise refusal(400, "The email address is not on a verified domain")

    def to_wire(self, user: Body) -> Body:
        """The Atlassian account has another id than the user of the directory."""
        return {**user, EXTERNAL: {"atlassianAccountId": f"acc:{user['id']}"}}

    def authenticate(self, request: Request) -> None:
        if not request.path.startswith("/users/"):
            super().authenticate(request)
        elif self.expired or request.headers.get("Authorization") != f"Bearer {ORG_KEY}":
            raise refusal(401, "Unauthorized")

    @route("GET", "/users/<key>/manage/api-tokens")
    def list_tokens(self, request: Request, key: str) -> t.Any:
        return 200, [{"id": token, "label": "mine"} for token in self.tokens.get(key, [])]

    @route("DELETE", "/users/<key>/manage/api-tokens/<token>")
    def delete_token(self, request: Request, key: str, token: str) -> t.Any:
        self.tokens[key].remove(token)
        return 204, None

    def sign_in(self, id: str) -> None:
        self.tokens[f"acc:{id}"] = [f"{id}-1", f"{id}-2"]

    def live_credentials(self, id: str) -> int:
        return len(self.tokens.get(f"acc:{id}", []))


class AtlassianCase(ProductCase):
    system = "Atlassian"
    connector = "atlassian"
    tested = "A fake built from developer.atlassian.com (2026), its SCIM messages validated by scim2-models"
    options: t.ClassVar[t.Mapping[str, t.Any]] = {"page_size": 3}
    entitlements = (
        Entitlement("jira", "group", "jira-software-users"),
        Entitlement("odd", "team", ODD),
        Entitlement("nowhere", "group", "jira-software-user"),
    )
    adding = ("jira", "odd")
    missing = "nowhere"
    without: t.ClassVar[t.Mapping[str, str]] = {
        "take_scope": "A directory's key has no scopes",
        "limit_seats": "The directory has no seats; the products behind the groups have",
        "invite": "Through SCIM an account is active at once",
        "make_sole_owner": "Nothing documents an account that SCIM does not let go",
    }

    @contextlib.contextmanager
    def start(self) -> t.Iterator[t.Any]:
        with AtlassianFake().serving() as fake:
            yield fake
