# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A SCIM app in memory. RFC 7643 and 7644 as the PyPI package scim2-models has them, and each product's oddities.

Every request is validated by scim2-models and every PATCH is carried out by it, so that connector and fake cannot share
one misunderstanding. A ``Profile`` says what the product takes; everything else is refused as it would refuse it, and
is a problem of the test. A product subclasses ``ScimFake``, quotes the page that its profile follows, and overrides
``words`` (what an account has) and the hooks where the product is odd.
"""

from __future__ import annotations

import copy
import json
import re
import typing as t
import urllib.parse

import pydantic
import scim2_models as models
import werkzeug.exceptions
import werkzeug.routing

from .fake import Answer, Fake, Request, route
from .product_case import CANARY
from .scim_lists import Lists
from .scim_people import People
from .scim_profile import Body, member_form, refusal


class ScimFake(People, Lists, Fake):
    """One product. It is also the ``Server`` of the suite."""

    def __init__(self) -> None:
        super().__init__()
        rules = [(rule.rule.replace("/scim/v2", self.base, 1), rule) for rule in self._map.iter_rules()]
        self._map = werkzeug.routing.Map(
            [werkzeug.routing.Rule(at, methods=rule.methods, endpoint=rule.endpoint) for at, rule in rules],
            strict_slashes=False,
            merge_slashes=False,
        )
        self.reset()

    # ---- the product's own

    def from_wire(self, body: Body) -> Body:
        return body

    def to_wire(self, user: Body) -> Body:
        return user

    def check(self, before: Body | None, after: Body) -> None:
        """Raise Answer for a change that the product does not allow."""

    # ---- HTTP

    def authenticate(self, request: Request) -> None:
        if self.expired or request.headers.get("Authorization") != f"Bearer {CANARY}":
            raise refusal(401, "Authorization failure. The authorization header is invalid or missing")

    def not_found(self, request: Request) -> tuple[int, t.Any]:
        return refusal(404, "Endpoint not found").answer[:2]

    @route("GET", "/scim/v2/Users")
    def list_users(self, request: Request) -> t.Any:
        self._filtered(request, self.profile.user_filters)
        filters = self._filters(request)
        if not filters and not self.profile.listing:
            raise refusal(501, "Listing is not supported")
        found = [key for key, user in self.users.items() if all(self._matches(key, user, *f) for f in filters)]
        return self._page(request, [self.shown(key) for key in found])

    @route("POST", "/scim/v2/Users")
    def create_user(self, request: Request) -> t.Any:
        body = self._valid_user(request, models.Context.RESOURCE_CREATION_REQUEST)
        self._unique(body, "")
        self.check(None, body)
        if self.seats is not None and len(self.users) >= self.seats:
            raise self.no_seat()
        key = self.add(body)
        return 201, self.shown(key), {"Location": f"{request.url}/{key}"}

    @route("GET", "/scim/v2/Users/<key>")
    def read_user(self, request: Request, key: str) -> t.Any:
        self._there(key)
        return 200, self.shown(key)

    @route("PUT", "/scim/v2/Users/<key>")
    def replace_user(self, request: Request, key: str) -> t.Any:
        self._there(key)
        if "put" not in self.profile.patches:
            self.problems.append(f"PUT {request.path}: it would clear what is not sent")
            raise refusal(405, "Method not allowed")
        body = self._valid_user(request, models.Context.RESOURCE_REPLACEMENT_REQUEST)
        return self._changed(key, {**body, "id": key})

    @route("PATCH", "/scim/v2/Users/<key>")
    def change_user(self, request: Request, key: str) -> t.Any:
        self._there(key)
        body = self._json(request)
        operations = self._operations(body)
        for operation in operations:
            form = "path" if operation.get("path") else "value_object"
            if form not in self.profile.patches:
                raise self._wrong(request, f"a PATCH in the form {form} is not taken")
            self._only_taken(request, operation.get("path") or operation["value"])
        user = self.profile.user.model_validate({**self.users[key], "meta": None})
        self._patched(request, self.profile.user, body, user)
        after = user.model_dump(scim_ctx=models.Context.RESOURCE_QUERY_RESPONSE)
        return self._changed(key, {**after, "id": key})

    @route("DELETE", "/scim/v2/Users/<key>")
    def delete_user(self, request: Request, key: str) -> t.Any:
        self._there(key)
        if self.profile.delete == "deactivate":
            self.users[key]["active"] = False
        else:
            self.check(self.users[key], {**self.users[key], "active": False})
            self.remove(key)
        return 204, None

    @route("GET", "/scim/v2/Groups")
    def list_groups(self, request: Request) -> t.Any:
        self._has_groups(request)
        self._filtered(request, self.profile.group_filters)
        filters = self._filters(request)
        found = [name for name in self.members if all(self._group_matches(name, *f) for f in filters)]
        return self._page(request, [self._group(name) for name in found])

    @route("GET", "/scim/v2/Groups/<key>")
    def read_group(self, request: Request, key: str) -> t.Any:
        self._has_groups(request)
        return 200, self._group(self._group_named(key))

    @route("PUT", "/scim/v2/Groups/<key>")
    def replace_group(self, request: Request, key: str) -> t.Any:
        name = self._group_named(key)
        if "put" not in self.profile.member_patches:
            raise self._wrong(request, "a group is not changed by PUT")
        group = self._validated(request, models.Group, self._json(request), models.Context.RESOURCE_REPLACEMENT_REQUEST)
        self.members[name] = self._known({member["value"] for member in group.get("members", [])})
        return 200, self._group(name)

    @route("PATCH", "/scim/v2/Groups/<key>")
    def change_group(self, request: Request, key: str) -> t.Any:
        name = self._group_named(key)
        body = self._json(request)
        for operation in self._operations(body):
            form = member_form(operation)
            if form not in self.profile.member_patches:
                raise self._wrong(request, f"members are not changed in the form {form}: {operation}")
            if form == "bare_filter":  # no filter of the RFC: written as one for scim2-models
                operation["path"] = re.sub(r"eq (\w+)\]", r'eq "\1"]', operation["path"])
            elif form == "value":  # the RFC knows no removal by value, and would remove everybody
                (member,) = operation.pop("value")
                operation["path"] = f"members[value eq {json.dumps(member['value'])}]"
        before = {"displayName": name, "members": [{"value": key} for key in sorted(self.members[name])]}
        group = models.Group.model_validate({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], **before})
        self._patched(request, models.Group, body, group)
        self.members[name] = self._known({str(member.value) for member in group.members or []})
        return 200, self._group(name)

    # ---- inside

    def shown(self, key: str) -> Body:
        user = copy.deepcopy(self.users[key])
        if self.profile.groups_on_user and self.profile.has_groups:
            mine = [name for name, ids in self.members.items() if key in ids]
            user["groups"] = [{"value": self.group_ids[name], "display": name} for name in mine]
        user["meta"] = {"resourceType": "User", "created": "2026-01-02T03:04:05Z"}
        return self.to_wire(user)

    def remove(self, key: str) -> None:
        del self.users[key]
        for ids in self.members.values():
            ids.discard(key)

    def no_seat(self) -> Answer:
        return refusal(400, "There are no seats left in your plan", "invalidValue")

    def _changed(self, key: str, after: Body) -> t.Any:
        self._unique(after, key)
        self.check(self.users[key], after)
        self.users[key] = after
        shown = self.shown(key)
        if not after.get("active", True) and self.profile.inactive == "removed":
            self.remove(key)
        return 200, shown

    def _there(self, key: str) -> None:
        if key not in self.users:
            raise refusal(404, f"Resource {urllib.parse.quote(key)} not found")

    def _group_named(self, key: str) -> str:
        for name, group_id in self.group_ids.items():
            if group_id == key:
                return name
        raise refusal(404, "Group not found")

    def _group(self, name: str) -> Body:
        members = [{"value": key, "display": self.users[key].get("displayName")} for key in sorted(self.members[name])]
        return {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "id": self.group_ids[name],
            "displayName": name,
            "members": members if self.profile.members_shown else [],
            "meta": {"resourceType": "Group"},
        }

    def _known(self, keys: set[str]) -> set[str]:
        if unknown := keys - set(self.users):
            raise refusal(400, f"unknown members {sorted(unknown)}", "invalidValue")
        return keys

    def _has_groups(self, request: Request) -> None:
        if not self.profile.has_groups:
            self.problems.append(f"{request.method} {request.path}: there are no groups here")
            raise refusal(404, "Endpoint not found")

    def _unique(self, body: Body, own: str) -> None:
        for key, user in self.users.items():
            same = user["userName"].casefold() == body["userName"].casefold()
            if key != own and (same or self.email(user).casefold() == self.email(body).casefold()):
                raise refusal(409, "User already exists", "uniqueness")

    def _json(self, request: Request) -> Body:
        if request.mimetype != self.profile.media_type:
            raise self._wrong(request, f"the body is {request.mimetype}, not {self.profile.media_type}")
        try:
            body = request.get_json(force=True)
        except werkzeug.exceptions.BadRequest:
            raise self._wrong(request, "the body is no JSON") from None
        if not isinstance(body, dict):
            raise self._wrong(request, "the body is no object")
        return body

    def _operations(self, body: Body) -> list[Body]:
        found = body.get("Operations")
        return found if isinstance(found, list) else []

    def _valid_user(self, request: Request, context: t.Any) -> Body:
        body = self.from_wire(self._json(request))
        for attribute in body:
            if attribute != "schemas":
                self._only_taken(request, {attribute: body[attribute]})
        flat = {**body, **{f"name.{part}": value for part, value in (body.get("name") or {}).items()}}
        lacking = [name for name in self.profile.required if not flat.get(name)]
        if lacking:
            raise refusal(400, f"missing: {', '.join(lacking)}", "invalidValue")
        return self._validated(request, self.profile.user, body, context)

    def _validated(self, request: Request, model: t.Any, body: Body, context: t.Any) -> Body:
        try:
            valid = model.model_validate(body, scim_ctx=context)
        except pydantic.ValidationError as error:
            raise self._wrong(request, str(error)) from None
        dumped: Body = valid.model_dump(scim_ctx=models.Context.RESOURCE_QUERY_RESPONSE)
        return dumped

    def _patched(self, request: Request, model: t.Any, body: Body, resource: t.Any) -> None:
        try:
            patch = models.PatchOp[model].model_validate(body, scim_ctx=models.Context.RESOURCE_PATCH_REQUEST)
            patch.patch(resource)
        except (pydantic.ValidationError, models.SCIMException) as error:
            raise self._wrong(request, str(error)) from None

    def _only_taken(self, request: Request, what: t.Any) -> None:
        """A path, or a value object whose keys are paths."""
        for path in [what] if isinstance(what, str) else list(what):
            name = path if path.startswith("urn:") else re.split(r"[.\[]", path)[0]
            taken = self.profile.attributes
            if taken and not any(name == one or name.startswith(f"{one}:") for one in taken):
                raise self._wrong(request, f"the attribute {path} is not taken")

    def _wrong(self, request: Request, what: str) -> Answer:
        self.problems.append(f"{request.method} {request.path}: {what}")
        return refusal(400, what[:200], "invalidSyntax")
