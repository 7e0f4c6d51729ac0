# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Slack, faked from its documentation. Source: https://docs.slack.dev/reference/scim-api"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import typing as t

import scim2_models as models
from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.fake import Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ODD, ProductCase
from ansible_collections.rollcall.access.tests.conformance.scim_fake import ScimFake
from ansible_collections.rollcall.access.tests.conformance.scim_profile import Body, Profile, WithSoleOwner, refusal

WEB_TOKEN = f"{CANARY}-web"
GUEST = "urn:ietf:params:scim:schemas:extension:slack:guest:2.0:User"


class SlackGuest(models.Extension):
    """Source: https://docs.slack.dev/reference/scim-api#post-users-guest-2"""

    __schema__ = models.URN(GUEST)

    type: str | None = None
    expiration: str | None = None


class SlackFake(WithSoleOwner, ScimFake):
    #: Filters by userName and email: https://docs.slack.dev/reference/scim-api#filter. Pages up to 1000:
    #: https://docs.slack.dev/changelog/2019-06-have-scim-will-paginate. A single member is removed with
    #: ``members[value eq U123ABC456]``: https://docs.slack.dev/reference/scim-api#remove-a-single-member
    profile = Profile(
        user=models.User[t.Union[models.EnterpriseUser, SlackGuest]],
        member_patches=frozenset({"add", "bare_filter", "replace"}),
        user_filters=("userName", "email"),
        group_filters=(),
        largest_page=1000,
        required=("userName", "emails"),
        attributes=("userName", "displayName", "name", "emails", "active", GUEST),
        external_ids=False,
        delete="deactivate",
    )
    groups = ("Engineering", ODD)

    def reset(self) -> None:
        super().reset()
        self.guarded = ""
        self.sessions: dict[str, int] = {}

    def connection(self, port: int) -> dict[str, t.Any]:
        web = {"web_token": WEB_TOKEN, "web_url": f"http://127.0.0.1:{port}/api"}
        return {**super().connection(port), **web}

    def newcomer(self, user: Body) -> Body:
        """User names are made fit: at most 21 characters, and only some of them.

        Source: https://docs.slack.dev/reference/scim-api#user-attributes
        """
        name = re.sub(r"[^a-z0-9._-]", "_", user["userName"].lower())[:21]
        return {**user, "userName": name, "externalId": ""}

    def check(self, before: Body | None, after: Body) -> None:
        """Source: https://docs.slack.dev/reference/scim-api#errors"""
        if before and before["id"] == self.guarded and not after.get("active", True):
            raise refusal(400, "cannot_disable_primary_owner")
        if not after.get("emails"):
            raise refusal(400, "missing_primary_email")

    def authenticate(self, request: Request) -> None:
        if not request.path.startswith("/api/"):
            super().authenticate(request)

    @route("POST", "/api/admin.users.session.reset")
    def end_sessions(self, request: Request) -> t.Any:
        """Source: https://docs.slack.dev/reference/methods/admin.users.session.reset (errors come with a 200)"""
        if self.expired or request.headers.get("Authorization") != f"Bearer {WEB_TOKEN}":
            return 200, {"ok": False, "error": "invalid_auth"}
        user = request.form.get("user_id", "")
        if user not in self.users:
            return 200, {"ok": False, "error": "user_not_found"}
        self.sessions[user] = 0
        return 200, {"ok": True}

    def sign_in(self, id: str) -> None:
        self.sessions[id] = 2

    def live_credentials(self, id: str) -> int:
        return self.sessions.get(id, 0)


class SlackGovernmentFake(SlackFake):
    """SCIM 1.1, which is all that Slack for governments has. scim2-models knows it not: its messages are translated.

    Source: https://docs.slack.dev/reference/scim-api (the tabs v1.1), https://simplecloud.info/specs/draft-scim-api-01.html
    """

    profile = dataclasses.replace(SlackFake.profile, media_type="application/json")
    base = "/scim/v1"

    def from_wire(self, body: Body) -> Body:
        if "urn:scim:schemas:core:1.0" not in body.get("schemas", []):
            self.problems.append(f"no SCIM 1.1: {body}")
        return {**body, "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"]}

    def to_wire(self, user: Body) -> Body:
        return {**user, "schemas": ["urn:scim:schemas:core:1.0"]}

    @route("PATCH", "/scim/v2/Users/<key>")
    def change_user(self, request: Request, key: str) -> t.Any:
        """What is sent is merged. Source: https://docs.slack.dev/reference/scim-api#patch-users-id"""
        self._there(key)
        body = self.from_wire(self._json(request))
        after = {**self.users[key]}
        for name, value in body.items():
            if name not in ("schemas", "meta"):
                self._only_taken(request, name)
                after[name] = self._merged(after.get(name, []), value) if isinstance(value, list) else value
        return self._changed(key, after)

    @route("PATCH", "/scim/v2/Groups/<key>")
    def change_group(self, request: Request, key: str) -> t.Any:
        """Source: https://docs.slack.dev/reference/scim-api#patch-groups-id"""
        name = self._group_named(key)
        body = self.from_wire(self._json(request))
        kept = self._merged([{"value": key} for key in sorted(self.members[name])], body["members"])
        self.members[name] = self._known({member["value"] for member in kept})
        return 200, self._group(name)

    def _merged(self, before: list[Body], sent: list[Body]) -> list[Body]:
        gone = {entry["value"] for entry in sent if entry.get("operation") == "delete"}
        new = [entry for entry in sent if "operation" not in entry]
        there = {entry["value"] for entry in new} | gone
        kept = [entry for entry in before if entry["value"] not in there]
        return [*new, *kept]


class SlackCase(ProductCase):
    system = "Slack"
    connector = "slack"
    tested = "A fake built from docs.slack.dev (September 2026), its SCIM messages validated by scim2-models"
    options: t.ClassVar[t.Mapping[str, t.Any]] = {"page_size": 3, "requests_per_second": 1000}
    entitlements = (
        Entitlement("engineering", "group", "Engineering"),
        Entitlement("odd", "team", ODD),
        Entitlement("nowhere", "group", "Engineerin"),
    )
    adding = ("engineering", "odd")
    missing = "nowhere"
    without: t.ClassVar[t.Mapping[str, str]] = {
        "external_id": "Slack does not keep the external id that it is given",
        "take_scope": "The token has the one scope admin, or is refused as a whole",
        "limit_seats": "Slack bills for more members and refuses none",
        "invite": "Through SCIM a member is active at once",
        "give_property": "SCIM has nothing that hands over channels or files",
    }

    @contextlib.contextmanager
    def start(self) -> t.Iterator[t.Any]:
        with SlackFake().serving() as fake:
            yield fake


class SlackGovernmentCase(SlackCase):
    system = "Slack for governments"
    tested = "A fake built from docs.slack.dev (SCIM 1.1, September 2026)"
    options: t.ClassVar[t.Mapping[str, t.Any]] = {**SlackCase.options, "scim_version": "1.1"}

    @contextlib.contextmanager
    def start(self) -> t.Iterator[t.Any]:
        with SlackGovernmentFake().serving() as fake:
            yield fake
