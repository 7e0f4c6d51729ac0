# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How one product's SCIM differs from the next one's: data, not code."""

from __future__ import annotations

import dataclasses
import types
import typing as t

from ..protocols.options import Options
from .scim_places import USUAL, Groups, Place, Values, attribute_named

VERSIONS = ("2.0", "1.1")
PATCH_STYLES = ("path", "value_object", "put")
CASES = ("lower", "capitalised")
PAGINGS = ("index", "cursor")
DELETE_MEANINGS = ("delete", "deactivate", "purge")
MEMBERS = ("shown", "asked")
MEMBER_CHANGES = ("single", "whole")
REMOVALS = ("filter", "bare_filter", "value")


def _nothing() -> t.Mapping[str, t.Any]:
    return types.MappingProxyType({})


@dataclasses.dataclass(frozen=True, slots=True)
class ScimDialect:
    """What a product's SCIM understands.

    ``version``: 2.0, or 1.1 with its older schemas and PATCH (Slack for governments).
    ``patch``: how a user is changed: PATCH with a path, PATCH with a value object and no path, or PUT of the whole.
    ``operation_case``: lower (``replace``, as the RFC has it) or capitalised (``Replace``).
    ``active_as_text``: ``active`` is written as "True" or "False".
    ``paging``: startIndex and count, or cursor and count (RFC 9865; AWS IAM Identity Center knows nothing else).
    ``largest_page``: the largest ``count`` that is taken (0: no such limit). ``list_parameters`` go with every list.
    ``listing``: False where accounts can be looked up and not listed.
    ``filter``: whether lists can be filtered at all; the ``*_filter`` fields are the attributes to filter by, empty for
    one that the product cannot filter by. Only single comparisons with ``eq`` are sent, but for ``members: asked``.
    ``member_filter`` is for groups by member and off by default: a product that does not know it may answer with an
    empty list, which would read as "member of nothing".
    ``delete_means``: what DELETE does: remove the account, only deactivate it, or erase the person's data for good.
    ``suspend``: False where active=false does not suspend but deletes.
    ``groups``: False where there is no /Groups, or where its members cannot be read (Canva): changes are tasks then.
    ``groups_on_user``: False where ``groups`` of a user is not to be relied on.
    ``members``: shown in the group, or asked for with filters ``id eq … and member eq …`` (AWS IAM Identity Center).
    ``member_change``: single members are added and removed, or the whole list is replaced.
    ``member_removal``: a member is removed by a filtered path, the same with its value not in quotes (Slack), or by the
    path "members" and a value (GitHub).
    ``bulk``: whether an account and its groups are made by one request to /Bulk.
    ``external_ids``: False where the app does not keep ours.
    ``email_is_username``: the user name is the address; accounts have no other name.
    ``required``: attributes without which no account is made, ``forbidden``: attributes that are never sent,
    ``at_first``: attributes that are sent with a new account and never again.
    ``shows``: what is told of an account besides, as unknown: a word and the path of names to it.
    ``requests_per_second``: the pace to keep where the connection does not say another one.
    ``last_used``: the path of names to the time of the last use.
    """

    version: str = "2.0"
    patch: str = "path"
    operation_case: str = "lower"
    active_as_text: bool = False
    page_size: int = 100
    largest_page: int = 0
    paging: str = "index"
    list_parameters: t.Mapping[str, str] = dataclasses.field(default_factory=_nothing)
    listing: bool = True
    filter: bool = True
    username_filter: str = "userName"
    email_filter: str = "emails.value"
    external_id_filter: str = "externalId"
    group_filter: str = "displayName"
    member_filter: str = ""
    delete_means: str = "delete"
    suspend: bool = True
    groups: bool = True
    groups_on_user: bool = True
    members: str = "shown"
    member_change: str = "single"
    member_removal: str = "filter"
    bulk: bool = False
    external_ids: bool = True
    email_is_username: bool = False
    required: tuple[str, ...] = ("userName",)
    forbidden: tuple[str, ...] = ()
    at_first: tuple[str, ...] = ()
    shows: tuple[tuple[str, tuple[str, ...]], ...] = ()
    requests_per_second: float | None = None
    authorization: str = "Bearer {token}"
    media_type: str = "application/scim+json"
    entitlements: t.Mapping[str, Place] = dataclasses.field(default_factory=lambda: USUAL)
    last_used: tuple[str, ...] = ()

    def adapted(self, options: Options) -> ScimDialect:
        """Return this dialect with what the app's ``connection`` says otherwise. Raises PolicyError."""
        role = self.entitlements.get("role")
        default = options.text("role_default", getattr(role, "default", ""))
        entitlements = dict(self.entitlements)
        if attribute := options.text("role_attribute"):
            entitlements["role"] = attribute_named(attribute, default)
        elif isinstance(role, Values):
            entitlements["role"] = dataclasses.replace(role, default=default)
        page_size = int(options.number("page_size", self.page_size, least=1) or 1)
        if self.largest_page and page_size > self.largest_page:
            raise options.wrong("page_size", f"at most {self.largest_page}, which is what the app takes")
        return dataclasses.replace(
            self,
            page_size=page_size,
            entitlements=entitlements,
            version=options.choice("scim_version", VERSIONS, self.version),
            patch=options.choice("patch", PATCH_STYLES, self.patch),
            operation_case=options.choice("operation_case", CASES, self.operation_case),
            active_as_text=options.flag("active_as_text", self.active_as_text),
            paging=options.choice("paging", PAGINGS, self.paging),
            filter=options.flag("filter", self.filter),
            username_filter=options.text("username_filter", self.username_filter),
            email_filter=options.text("email_filter", self.email_filter),
            external_id_filter=options.text("external_id_filter", self.external_id_filter),
            member_filter=options.text("member_filter", self.member_filter),
            delete_means=options.choice("delete_means", DELETE_MEANINGS, self.delete_means),
            suspend=options.flag("suspend", self.suspend),
            groups=options.flag("groups", self.groups),
            member_change=options.choice("member_change", MEMBER_CHANGES, self.member_change),
            member_removal=options.choice("member_removal", REMOVALS, self.member_removal),
            bulk=options.flag("bulk", self.bulk),
        )

    def place(self, kind: str) -> Place | None:
        """Return where entitlements of a kind live, or None where the product has none such."""
        place = self.entitlements.get(kind)
        return None if isinstance(place, Groups) and not self.groups else place

    def takes(self, attribute: str, *, new: bool = False) -> bool:
        """Return whether the product takes an attribute (``displayName``, ``name.formatted``); ``new``: at first."""
        never = self.forbidden if new else (*self.forbidden, *self.at_first)
        return attribute not in never and attribute.partition(".")[0] not in never


#: The names of the options that ``adapted`` reads.
DIALECT_OPTIONS: t.Mapping[str, str] = dict.fromkeys(
    (
        "scim_version", "patch", "operation_case", "active_as_text", "page_size", "paging", "filter",
        "username_filter", "email_filter", "external_id_filter", "member_filter", "delete_means", "suspend",
        "groups", "member_change", "member_removal", "bulk", "role_attribute", "role_default",
    ),
    "optional",
)  # fmt: skip
