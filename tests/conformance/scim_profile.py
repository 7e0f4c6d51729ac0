# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a product's SCIM takes, for the fake: everything else is refused."""

from __future__ import annotations

import dataclasses
import re
import typing as t

import scim2_models as models

from .fake import Answer

Body = dict[str, t.Any]
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


@dataclasses.dataclass(frozen=True)
class Profile:
    """What a product takes. ``patches``: path, value_object, put. ``member_patches``: add, add_value_object, filter,
    bare_filter, value, replace, replace_value_object, put."""

    user: type[t.Any] = models.User[models.EnterpriseUser]
    patches: frozenset[str] = frozenset({"path"})
    member_patches: frozenset[str] = frozenset({"add", "filter"})
    user_filters: tuple[str, ...] = ("userName", "externalId", "emails.value")
    group_filters: tuple[str, ...] = ("displayName",)
    unknown_filter: int = 400
    media_type: str = "application/scim+json"
    parameters: frozenset[str] = frozenset()  # of lists, besides those of the RFC
    largest_page: int = 100
    too_large: int = 200  # 200: as many as there may be; else the status of the refusal
    paging: str = "index"
    resources: str = "Resources"
    required: tuple[str, ...] = ("userName",)
    attributes: tuple[str, ...] = ()  # the only ones that are taken; none: all that the model knows
    members_shown: bool = True
    groups_on_user: bool = True
    has_groups: bool = True
    listing: bool = True
    external_ids: bool = True
    put: bool = False
    delete: str = "remove"  # or deactivate
    inactive: str = "suspended"  # or removed


def refusal(status: int, detail: str, scim_type: str = "") -> Answer:
    """RFC 7644, 3.12."""
    kind = {"scimType": scim_type} if scim_type else {}
    return Answer(status, {"schemas": [ERROR], "status": str(status), "detail": detail, **kind})


class WithSeats:
    """Mix in where the vendor says that an account without a seat left is refused."""

    seats: int | None
    users: dict[str, Body]

    def limit_seats(self) -> None:
        self.seats = len(self.users)


class WithSoleOwner:
    """Mix in where the vendor names an account that the interface does not let go. ``guarded`` is its id."""

    guarded: str = ""

    def make_sole_owner(self, id: str) -> None:
        self.guarded = id


def member_form(operation: Body) -> str:
    """Return in which of the forms of ``Profile.member_patches`` an operation on a group is."""
    op, path = str(operation.get("op")), operation.get("path")
    if op.lower() == "remove":
        if path == "members":
            return "value" if operation.get("value") else "remove_all"
        return "filter" if path and re.fullmatch(r'members\[value eq ".*"\]', path) else "bare_filter"
    return op.lower() if path == "members" else f"{op.lower()}_value_object"
