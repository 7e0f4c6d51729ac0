# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Microsoft Graph shows and does not change, told before anything is tried. Pure; every function raises Refused.

Source: https://learn.microsoft.com/graph/api/resources/groups-overview?view=graph-rest-1.0
"""

from __future__ import annotations

import typing as t

from ...errors import Refused
from ...protocols.rest import search


def check_group(group: t.Any, name: str, where: str) -> None:
    """A group whose members are changed elsewhere."""
    types = search("groupTypes", group) or []
    why = todo = ""
    if search("onPremisesSyncEnabled", group):
        why, todo = "is synchronised from an Active Directory", "Change it there"
    elif "DynamicMembership" in types:
        why, todo = "is filled by a rule", "Change what the rule looks at, or use a group without one"
    elif search("mailEnabled", group) and "Unified" not in types:
        why = "is a distribution list or a mail-enabled security group, which Graph only reads"
        todo = "Change it in the Exchange admin centre, or use a Microsoft 365 or a security group"
    if why:
        raise Refused(f"the group {name!r} {why}", where=where, todo=todo)


def check_seats(licences: t.Iterable[t.Any], sku: str, name: str, where: str) -> None:
    """A licence of which all seats are taken."""
    for one in licences:
        units, taken = search("prepaidUnits", one) or {}, int(search("consumedUnits", one) or 0)
        bought = int(units.get("enabled") or 0) + int(units.get("warning") or 0)
        if search("skuId", one) == sku and taken >= bought:
            raise Refused(
                f"no seat of {name} is left: {taken} of {bought} are taken",
                where=where,
                todo="Buy one or take one away, then run again",
            )


def check_own_licence(user: t.Any, sku: str, name: str, where: str) -> None:
    """A licence that somebody has through a group alone."""
    mine = [one for one in search("licenseAssignmentStates", user) or [] if search("skuId", one) == sku]
    if mine and all(search("assignedByGroup", one) for one in mine):
        raise Refused(
            f"the licence {name} comes with the group {search('assignedByGroup', mine[0])}",
            where=where,
            todo="Take the person out of that group",
        )


def check_in_the_cloud(user: t.Any, where: str) -> None:
    """Somebody whose account is kept in an Active Directory."""
    if search("onPremisesSyncEnabled", user):
        raise Refused(
            "the account is synchronised from an Active Directory",
            where=where,
            todo="Change it there; connector: active_directory does",
        )
