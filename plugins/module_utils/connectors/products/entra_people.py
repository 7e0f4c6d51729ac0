# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Microsoft Entra ID wants to know of a new person. Pure, but for the password's chance."""

from __future__ import annotations

import dataclasses
import re
import secrets
import string
import typing as t

from ...protocols.rest import search
from ..contract import NewAccount

_PASSWORD_LETTERS = string.ascii_letters + string.digits + "-_.!#"


def named(new: NewAccount) -> NewAccount:
    """Return the person with a user principal name, which has a domain, and with a name to show: both must be there."""
    name = new.name or f"{new.given_name} {new.family_name}".strip() or new.email
    return dataclasses.replace(new, username=new.username if "@" in new.username else new.email, name=name)


def creation_values(new: NewAccount) -> dict[str, t.Any]:
    """Return what the request to create somebody holds. The password is told to nobody."""
    return {
        **dataclasses.asdict(new),
        "mail_nickname": re.sub(r"[^A-Za-z0-9._-]", "", new.username.partition("@")[0])[:64] or "user",
        "password": "".join(secrets.choice(_PASSWORD_LETTERS) for _unused in range(48)) + "aA1-",
    }


def deleted_account(new: NewAccount, deleted: t.Iterable[t.Any]) -> str:
    """Return the id of the deleted account that was this person's, the one deleted last, or nothing."""
    found = []
    for one in deleted:
        external_id, mail = str(search("employeeId", one) or ""), str(search("mail", one) or "")
        same_mail = bool(mail) and mail.casefold() == new.email.casefold()
        if external_id == new.external_id if external_id else same_mail:
            found.append((str(search("deletedDateTime", one) or ""), str(search("id", one))))
    return max(found)[1] if found else ""
