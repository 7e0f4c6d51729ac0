# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SCIM of an enterprise with managed users, faked from GitHub's documentation.

Source: https://docs.github.com/en/enterprise-cloud@latest/rest/enterprise-admin/scim
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Request
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ODD, ProductCase
from ansible_collections.rollcall.access.tests.conformance.scim_fake import ScimFake
from ansible_collections.rollcall.access.tests.conformance.scim_profile import Body, Profile


def failed(status: int, detail: str) -> Answer:
    """404 has GitHub's usual form, the others SCIM's, with a number for the status."""
    if status == 404:
        return Answer(404, {"message": detail, "documentation_url": "https://docs.github.com/rest", "status": "404"})
    return Answer(status, {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "detail": detail})


class GitHubEmuFake(ScimFake):
    #: "Possible filters are userName, externalId, id, and displayName"; "Complex SCIM path selectors that include
    #: filters are not supported"; PATCH of a group: add, remove, replace.
    specifications = ("github",)
    profile = Profile(
        patches=frozenset({"path", "value_object", "put"}),
        member_patches=frozenset({"add", "replace", "replace_value_object", "put"}),
        user_filters=("userName", "externalId", "id", "displayName"),
        group_filters=("externalId", "id", "displayName"),
        media_type="application/json",
        required=("externalId", "userName", "displayName", "emails"),
        attributes=("externalId", "userName", "displayName", "name", "emails", "active", "roles"),
    )
    groups = ("Engineering", ODD)
    base = "/scim/v2/enterprises/octo-corp"
    lost = ""

    def __init__(self) -> None:
        super().__init__()
        for rule in self._map.iter_rules():
            name = rule.endpoint[0]
            setattr(self, name, self._as_scim(getattr(type(self), name)))

    def _as_scim(self, answer: t.Any) -> t.Any:
        """What is asked is application/json, what is answered application/scim+json."""

        def answered(request: Request, **names: str) -> t.Any:
            status, body, *rest = answer(self, request, **names)
            return status, body, {**(rest[0] if rest else {}), "Content-Type": "application/scim+json"}

        return answered

    def connection(self, port: int) -> dict[str, t.Any]:
        return {"base_url": f"http://127.0.0.1:{port}", "enterprise": "octo-corp", "token": CANARY}

    def reset(self) -> None:
        super().reset()
        self.lost = ""

    def person(self, n: int) -> Body:
        return {**super().person(n), "roles": [{"value": "user", "primary": False}]}

    def newcomer(self, user: Body) -> Body:
        return {**user, "roles": user.get("roles") or [{"value": "user", "primary": False}]}

    def take_scope(self, write: bool) -> str:
        self.lost = "write" if write else "read"
        return "scim:enterprise"

    def authenticate(self, request: Request) -> None:
        if self.expired or request.headers.get("Authorization") != f"Bearer {CANARY}":
            raise Answer(401)
        if self.lost == ("read" if request.method == "GET" else "write"):
            raise Answer(403)

    def not_found(self, request: Request) -> tuple[int, t.Any]:
        return failed(404, "Not Found").answer[:2]

    def _there(self, key: str) -> None:
        if key not in self.users:
            raise failed(404, "Not Found")

    def _unique(self, body: Body, own: str) -> None:
        try:
            super()._unique(body, own)
        except Answer:
            raise Answer(409) from None

    def to_wire(self, user: Body) -> Body:
        for group in user.get("groups", []):
            group["$ref"] = f"https://api.github.com{self.base}/Groups/{group['value']}"
        user["meta"] = {**user["meta"], "location": f"https://api.github.com{self.base}/Users/{user['id']}"}
        return user

    def _group(self, name: str) -> Body:
        group = super()._group(name)
        members = [{**m, "$ref": f"https://api.github.com{self.base}/Users/{m['value']}"} for m in group["members"]]
        return {**group, "externalId": f"x-{group['id']}", "members": members}


class GitHubEmuCase(ProductCase):
    system = "GitHub Enterprise Managed Users"
    connector = "github_emu"
    tested = (
        "A fake built from docs.github.com; every request and answer is validated against GitHub's own OpenAPI file "
        "(@octokit/openapi 23.0.2), its SCIM messages by scim2-models"
    )
    options: t.ClassVar[t.Mapping[str, t.Any]] = {"page_size": 3}
    entitlements = (
        Entitlement("user", "role", "user", rank=1),
        Entitlement("owner", "role", "enterprise_owner", rank=3, privileged=True),
        Entitlement("engineering", "group", "Engineering"),
        Entitlement("odd", "group", ODD),
        Entitlement("nowhere", "group", "Engineerin"),
    )
    roles = ("user", "owner")
    adding = ("engineering", "odd")
    missing = "nowhere"
    without: t.ClassVar[t.Mapping[str, str]] = {
        "limit_seats": "An account needs no licence; what its groups open does",
        "invite": "A managed user is active at once",
        "make_sole_owner": "GitHub documents no account that SCIM does not let go",
    }

    @contextlib.contextmanager
    def start(self) -> t.Iterator[t.Any]:
        with GitHubEmuFake().serving() as fake:
            yield fake
