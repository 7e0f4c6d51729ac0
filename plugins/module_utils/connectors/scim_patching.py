# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bodies of SCIM changes, in each dialect's own form. Pure, no I/O.

Source: https://www.rfc-editor.org/rfc/rfc7644#section-3.5
"""

from __future__ import annotations

from ..protocols.scim_paging import Resource
from .scim_dialect import ScimDialect
from .scim_filters import equals
from .scim_reading import elements, home_of, text

CORE_1_1 = "urn:scim:schemas:core:1.0"  # of SCIM 1.1, https://simplecloud.info/specs/draft-scim-core-schema-01.html
_PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_SERVERS_OWN = ("meta", "groups")  # read-only, RFC 7643, 3.1 and 4.1.2


def change(before: Resource, attributes: Resource, dialect: ScimDialect) -> tuple[str, Resource]:
    """Return the method and the body that set top-level attributes of a user or a group."""
    if dialect.patch == "put":
        return "PUT", as_taken(whole(before, attributes), dialect)
    return "PATCH", patch(attributes, dialect, before)


def patch(attributes: Resource, dialect: ScimDialect, before: Resource | None = None) -> Resource:
    """Return the body of a PATCH that sets top-level attributes. ``before`` is the resource as just read."""
    attributes = as_taken(attributes, dialect)
    if dialect.version == "1.1":
        return _patch_1_1(attributes, before or {})
    if dialect.patch == "value_object":
        return _operations(dialect, {"op": "replace", "value": attributes})
    flat = {
        path: value
        for name, whole_value in attributes.items()
        for path, value in (
            {f"{name}:{sub}": v for sub, v in whole_value.items()} if _is_schema(name) else {name: whole_value}
        ).items()
    }
    return _operations(
        dialect,
        *(
            # An empty list is "no value" (RFC 7643, 2.5), which many products only understand as a removal.
            {"op": "remove", "path": path}
            if value == [] or value is None
            else {"op": "replace", "path": path, "value": value}
            for path, value in flat.items()
        ),
    )


def _patch_1_1(attributes: Resource, before: Resource) -> Resource:
    """SCIM 1.1: what is sent is merged; elements go with ``operation: delete``, attributes by ``meta.attributes``.

    Source: https://simplecloud.info/specs/draft-scim-api-01.html#edit-resource-with-patch
    """
    body: Resource = {"schemas": [CORE_1_1]}
    cleared = []
    for name, value in attributes.items():
        if value == [] or value is None:
            cleared.append(name)
        elif isinstance(value, list):
            staying = {text(e.get("value")) for e in value}
            gone = [text(e.get("value")) for e in elements(before, name)]
            body[name] = [*value, *({"value": v, "operation": "delete"} for v in gone if v not in staying)]
        else:
            body[name] = value
    if cleared:
        body["meta"] = {"attributes": cleared}
    return body


def whole(resource: Resource, attributes: Resource) -> Resource:
    """Return the body of a PUT: everything that was read, unknown attributes too, with the new values."""
    body = {name: value for name, value in resource.items() if name not in _SERVERS_OWN}
    for name, value in attributes.items():
        if value is None:
            body.pop(name, None)
        elif _is_schema(name):
            body[name] = {**home_of(body, name), **value}
        else:
            body[name] = value
    return body


def member_patch(user_id: str, dialect: ScimDialect, *, add: bool) -> Resource | None:
    """Return the body of a PATCH that puts a user into a group or takes it out; None where the whole list is sent."""
    if dialect.member_change == "whole":
        return None
    members = [{"value": user_id}]
    if dialect.version == "1.1":
        return {"schemas": [CORE_1_1], "members": members if add else [{"value": user_id, "operation": "delete"}]}
    if add and dialect.patch == "value_object":
        return _operations(dialect, {"op": "add", "value": {"members": members}})
    if add:
        return _operations(dialect, {"op": "add", "path": "members", "value": members})
    if dialect.member_removal == "value":  # GitHub: no filtered path
        return _operations(dialect, {"op": "remove", "path": "members", "value": members})
    if dialect.member_removal == "bare_filter" and user_id.isascii() and user_id.isalnum():  # Slack
        return _operations(dialect, {"op": "remove", "path": f"members[value eq {user_id}]"})
    return _operations(dialect, {"op": "remove", "path": f"members[{equals('value', user_id)}]"})


def with_member(group: Resource, user_id: str, *, add: bool) -> Resource:
    """Return what changes in a group so that a user is in it, or not."""
    kept = [e for e in elements(group, "members") if text(e.get("value")) != user_id]
    return {"members": [*kept, {"value": user_id}] if add else kept}


def is_member(group: Resource, user_id: str) -> bool:
    return any(text(e.get("value")) == user_id for e in elements(group, "members"))


def as_taken(attributes: Resource, dialect: ScimDialect) -> Resource:
    if dialect.active_as_text and isinstance(attributes.get("active"), bool):
        return {**attributes, "active": str(attributes["active"])}
    return attributes


def _is_schema(name: str) -> bool:
    return name.startswith("urn:")


def _operations(dialect: ScimDialect, *operations: Resource) -> Resource:
    if dialect.operation_case == "capitalised":
        operations = tuple({**operation, "op": operation["op"].capitalize()} for operation in operations)
    return {"schemas": [_PATCH], "Operations": list(operations)}
