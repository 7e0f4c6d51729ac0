# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How one product's SCIM differs from the next one's: data, not code."""

from __future__ import annotations

import dataclasses
import types
import typing as t

from .options import Options

PATCH_STYLES = ("path", "value_object", "put")
PAGINGS = ("index", "cursor")
DELETE_MEANINGS = ("delete", "deactivate", "purge")
REMOVALS = ("filter", "value")


@dataclasses.dataclass(frozen=True, slots=True)
class Groups:
    """The entitlement is membership of a Group, which its value names by displayName or by id."""


@dataclasses.dataclass(frozen=True, slots=True)
class Values:
    """The entitlement is a value of a multi-valued attribute of the User.

    ``single``: the account has exactly one. ``type``: only elements of this type count, and new ones get it.
    """

    attribute: str
    single: bool = False
    type: str = ""


Place = t.Union[Groups, Values]

_PLACES: t.Mapping[str, Place] = types.MappingProxyType(
    {
        "group": Groups(),
        "team": Groups(),
        "role": Values("roles", single=True),
        "licence": Values("entitlements"),
        "permission": Values("entitlements"),
    }
)


@dataclasses.dataclass(frozen=True, slots=True)
class ScimDialect:
    """What a product's SCIM 2.0 understands.

    ``patch``: how a user is changed: PATCH with a path, PATCH with a value object and no path, or PUT of the whole.
    ``paging``: startIndex and count, or cursor and count (RFC 9865; AWS IAM Identity Center knows nothing else).
    ``filter``: whether lists can be filtered at all; the ``*_filter`` fields are the attributes to filter by, empty for
    one that the product cannot filter by. ``member_filter`` is for groups by member and off by default: a product that
    does not know it may answer with an empty list, which would read as "member of nothing".
    ``delete_means``: what DELETE does: remove the account, only deactivate it, or erase the person's data for good.
    ``suspend``: False where active=false does not suspend but deletes. ``groups``: False where there is no /Groups,
    or where a group is read without its members (AWS IAM Identity Center, Canva): changes of groups are tasks then.
    ``member_removal``: a member is removed by a filtered path, or by the path "members" and a value (Slack, GitHub).
    ``last_used``: the path of names to the time of the last use.
    """

    patch: str = "path"
    page_size: int = 100
    paging: str = "index"
    filter: bool = True
    username_filter: str = "userName"
    email_filter: str = "emails.value"
    external_id_filter: str = "externalId"
    member_filter: str = ""
    delete_means: str = "delete"
    suspend: bool = True
    groups: bool = True
    member_removal: str = "filter"
    authorization: str = "Bearer {token}"
    media_type: str = "application/scim+json"
    entitlements: t.Mapping[str, Place] = dataclasses.field(default_factory=lambda: _PLACES)
    last_used: tuple[str, ...] = ()

    def adapted(self, options: Options) -> ScimDialect:
        """Return this dialect with what the app's ``connection`` says otherwise. Raises PolicyError."""
        return dataclasses.replace(
            self,
            patch=options.choice("patch", PATCH_STYLES, self.patch),
            page_size=int(options.number("page_size", self.page_size, least=1) or 1),
            paging=options.choice("paging", PAGINGS, self.paging),
            filter=options.flag("filter", self.filter),
            username_filter=options.text("username_filter", self.username_filter),
            email_filter=options.text("email_filter", self.email_filter),
            external_id_filter=options.text("external_id_filter", self.external_id_filter),
            member_filter=options.text("member_filter", self.member_filter),
            delete_means=options.choice("delete_means", DELETE_MEANINGS, self.delete_means),
            suspend=options.flag("suspend", self.suspend),
            groups=options.flag("groups", self.groups),
            member_removal=options.choice("member_removal", REMOVALS, self.member_removal),
        )

    def place(self, kind: str) -> Place | None:
        """Return where entitlements of a kind live, or None where the product has none such."""
        place = self.entitlements.get(kind)
        return None if isinstance(place, Groups) and not self.groups else place


#: The names of the options that ``adapted`` reads.
DIALECT_OPTIONS: t.Mapping[str, str] = dict.fromkeys(
    (
        "patch",
        "page_size",
        "paging",
        "filter",
        "username_filter",
        "email_filter",
        "external_id_filter",
        "member_filter",
        "delete_means",
        "suspend",
        "groups",
        "member_removal",
    ),
    "optional",
)
