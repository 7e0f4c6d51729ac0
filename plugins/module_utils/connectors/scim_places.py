# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a SCIM app keeps what an account can have: in groups, or in attributes of the user.

``schema`` is the extension that an attribute lives in; empty for one of the core schema.
``default``: what takes the place of a single value that is revoked, where the app lets nobody be without one.
``ignore_case``: the app writes the same value in more than one case.
``known``: every value that there is, where the vendor lists them: some apps take any other for the lowest, silently.
"""

from __future__ import annotations

import dataclasses
import types
import typing as t


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
    default: str = ""
    ignore_case: bool = False
    known: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Attribute:
    """The entitlement is the text that one attribute of the User holds: Canva's ``role``, Notion's in an extension."""

    attribute: str
    schema: str = ""
    default: str = ""
    ignore_case: bool = False
    known: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Flags:
    """The entitlement is an attribute of the User that is true; its value is the attribute's name: ``figmaAdmin``."""

    attributes: tuple[str, ...]
    schema: str = ""


InUser = t.Union[Values, Attribute, Flags]
Place = t.Union[Groups, InUser]

USUAL: t.Mapping[str, Place] = types.MappingProxyType(
    {
        "group": Groups(),
        "team": Groups(),
        "role": Values("roles", single=True),
        "licence": Values("entitlements"),
        "permission": Values("entitlements"),
    }
)
ONLY_GROUPS: t.Mapping[str, Place] = types.MappingProxyType({"group": Groups(), "team": Groups()})
NOTHING: t.Mapping[str, Place] = types.MappingProxyType({})


def attribute_named(path: str, default: str = "") -> InUser:
    """Return the place that a catalog's ``role_attribute`` names: ``roles``, ``role`` or ``urn:...:User:role``."""
    if path == "roles":
        return Values("roles", single=True, default=default)
    schema, _colon, name = path.rpartition(":")
    return Attribute(name, schema=schema, default=default)
