# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody asks for by hand, for one account, as a want."""

from __future__ import annotations

import typing as t

from ..errors import AppError
from ..model import Account, App, Because, Grant, Person, Want


def want_for(
    app: App,
    person: Person,
    account: Account | None,
    state: str,
    entitlements: t.Sequence[str],
    exclusive: bool,
    why: str,
) -> Want:
    """Return what a task asks for, as a want. Without ``exclusive`` the account keeps what it has besides.

    Raises AppError for an entitlement that the catalog does not have.
    """
    because = (Because("request", text=why),)
    for key in entitlements:
        if key not in app.entitlements:
            raise AppError(
                f"there is no entitlement {key!r}",
                where=f"app {app.key}",
                todo=f"The catalog has: {', '.join(sorted(app.entitlements)) or 'none'}",
            )
    asked = [app.entitlements[key] for key in entitlements]
    keys = set(entitlements)
    if not exclusive and account is not None and state == "present":
        roles = any(e.kind == "role" for e in asked)
        # of kind role an account has one: asking for another replaces it
        keys |= {k for k in account.entitlements if not (roles and app.entitlements[k].kind == "role")}
    grants = tuple(Grant(app.key, key, because) for key in sorted(keys)) if state == "present" else ()
    return Want(person.id, app.key, state, grants, because)
