# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People by the id that HR gives them, where only names can be written: ``--limit hr_id_1042``.

Hosts are named by username, which an event of the HR system does not know. There are no groups for all ids, which would
be as many as people: the inventory makes the ones that ``--limit`` names.
"""

from __future__ import annotations

import re
import typing as t

PREFIX = "hr_id_"

_ASKED = re.compile(rf"(?<![A-Za-z0-9_]){PREFIX}[A-Za-z0-9_]+")


def group_of_id(id: str) -> str:
    """Return the name of the group that holds nobody but the person with this id.

    Ansible takes letters, digits and ``_`` in the names of groups, so every other byte is written as ``_`` and two hex
    digits, ``_`` itself too: two ids never have the same group.
    """
    return PREFIX + re.sub(r"[^A-Za-z0-9]", lambda found: "".join(f"_{b:02x}" for b in found[0].encode()), id)


def asked_by_id(limit: str | None, usernames: t.Mapping[str, str]) -> dict[str, str]:
    """Return the groups of ids that a ``--limit`` names, each with the username of its person.

    ``usernames`` has everybody's by id. For an id that nobody has, the username is empty.
    """
    asked = set(_ASKED.findall(limit or ""))
    if not asked:
        return {}
    by_group = {group_of_id(id): username for id, username in usernames.items()}
    return {group: by_group.get(group, "") for group in sorted(asked)}
