# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SCIM of an enterprise with managed users, faked from GitHub's documentation.

Source: https://docs.github.com/en/enterprise-cloud@latest/rest/enterprise-admin/scim
"""

from __future__ import annotations

import contextlib
import typing as t

import graphql
from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ODD, ProductCase
from ansible_collections.rollcall.access.tests.conformance.products.github import SCHEMA
from ansible_collections.rollcall.access.tests.conformance.scim_fake import ScimFake
from ansible_collections.rollcall.access.tests.conformance.scim_profile import Body, Profile

OWNER = f"{CANARY}-owner"


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
    saml = True

    def __init__(self) -> None:
        super().__init__()
        for rule in self._map.iter_rules():
            name = rule.endpoint[0]
            if not rule.rule.startswith(self.base):
                continue
            setattr(self, name, self._as_scim(getattr(type(self), name)))

    def _as_scim(self, answer: t.Any) -> t.Any:
        """What is asked is application/json, what is answered application/scim+json."""

        def answered(request: Request, **names: str) -> t.Any:
            status, body, *rest = answer(self, request, **names)
            return status, body, {**(rest[0] if rest else {}), "Content-Type": "application/scim+json"}

        return answered

    def connection(self, port: int) -> dict[str, t.Any]:
        return {
            "base_url": f"http://127.0.0.1:{port}",
            "enterprise": "octo-corp",
            "token": CANARY,
            "owner_token": OWNER,
        }

    def reset(self) -> None:
        super().reset()
        self.lost = ""
        self.credentials: dict[str, int] = {}
        self.saml = True

    def person(self, n: int) -> Body:
        return {**super().person(n), "roles": [{"value": "user", "primary": False}]}

    def newcomer(self, user: Body) -> Body:
        return {**user, "roles": user.get("roles") or [{"value": "user", "primary": False}]}

    def take_scope(self, write: bool) -> str:
        self.lost = "write" if write else "read"
        return "scim:enterprise"

    def authenticate(self, request: Request) -> None:
        token = CANARY if request.path.startswith(self.base) else OWNER
        if self.expired or request.headers.get("Authorization") != f"Bearer {token}":
            raise Answer(401)
        if self.lost == ("read" if request.method == "GET" else "write"):
            raise Answer(403)

    def not_found(self, request: Request) -> tuple[int, t.Any]:
        return failed(404, "Not Found").answer[:2]

    def login(self, user: Body) -> str:
        """As docs.github.com says under "Username considerations for external authentication"."""
        return f"{user['userName'].partition('@')[0]}_octo"

    def sign_in(self, id: str) -> None:
        self.credentials[self.login(self.users[id])] = 2

    def live_credentials(self, id: str) -> int:
        return self.credentials.get(self.login(self.users[id]), 0)

    @route("POST", "/enterprises/octo-corp/credential-authorizations/<login>/revoke")
    def revoke(self, request: Request, login: str) -> t.Any:
        if login not in {self.login(user) for user in self.users.values()}:
            raise failed(404, "Not Found")
        if request.get_json()["revoke_credentials"]:
            self.credentials.pop(login, None)
        return 202, {"message": f"Credential authorization revocation for user '{login}' has been queued"}

    @route("POST", "/graphql", specified=False)
    def query(self, request: Request) -> t.Any:
        body = request.get_json()
        provider = {"samlIdentityProvider": {"externalIdentities": self.identities} if self.saml else None}
        source = {"enterprise": lambda _info, slug: {"ownerInfo": provider} if slug == "octo-corp" else None}
        done = graphql.graphql_sync(SCHEMA, body["query"], source, variable_values=body.get("variables"))
        self.problems.extend(f"GraphQL: {error.message}" for error in done.errors or ())
        return 200, done.formatted

    def identities(self, info: t.Any, first: int, userName: str, after: str | None = None) -> t.Any:
        """What is found by a name may have another one besides: a SAML NameID counts, too."""
        nodes = [
            {"guid": key, "user": {"login": self.login(user)}, "scimIdentity": {"username": user["userName"]}}
            for key, user in self.users.items()
            if user["userName"].startswith(userName)
        ]
        return {"totalCount": len(nodes), "pageInfo": {"hasNextPage": False, "endCursor": None}, "nodes": nodes}

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
        "(@octokit/openapi 23.0.2), its SCIM messages by scim2-models, GraphQL queries against GitHub's own schema"
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
