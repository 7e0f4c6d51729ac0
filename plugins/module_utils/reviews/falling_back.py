# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What else happens when a role is taken away: the next one that rules, exceptions or requests give comes in its place.

Of the roles of one app people have the highest alone. Who loses that in a review has a right to the next one, and gets
it with the next run.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import App, Grant, ReviewItem, Want
from .vetoes import apply_vetoes, veto_of


def falls_back_to(item: ReviewItem, want: Want | None, app: App | None, held: t.Collection[str]) -> Grant | None:
    """Return the role that the person gets with the next run once this one is revoked; None where none comes.

    ``want`` is all that they should have in the app, also the roles that a higher one makes void, less what earlier
    reviews took away. ``held`` are the entitlements that they have there: what is there already does not come.
    """
    if want is None or app is None or not item.person or not _is_role(app, item.entitlement):
        return None
    revoked = dataclasses.replace(item, decision="revoke")
    after, _notes = apply_vetoes(want, {(item.person, item.app, item.entitlement): veto_of(revoked)})
    roles = [grant for grant in after.grants if _is_role(app, grant.entitlement)]
    if after.state != "present" or not roles:
        return None
    best = min(roles, key=lambda grant: (-app.entitlements[grant.entitlement].rank, grant.entitlement))
    # the same role comes back where something gives it that the reviewer was not shown
    return None if best.entitlement in held or best.entitlement == item.entitlement else best


def in_words(grant: Grant | None, app: App | None) -> str:
    """Say which role comes, and why: "Reader (rule all)"; empty for None."""
    if grant is None:
        return ""
    known = app.entitlements.get(grant.entitlement) if app else None
    why = ", ".join(f"{one.kind} {one.id}".strip() for one in grant.because)
    name = (known.value if known else "") or grant.entitlement
    return f"{name} ({why})" if why else name


def _is_role(app: App, entitlement: str) -> bool:
    known = app.entitlements.get(entitlement)
    return known is not None and known.kind == "role"
