# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody has already, so that nobody has to decide on it."""

from __future__ import annotations

import datetime as dt
import typing as t

from ..errors import RequestError
from ..model import TEMPORARY, AccessException, Because, Person, Want
from ..policy.duties import held_by
from ..policy.evaluation import highest_roles
from ..policy.values import Catalog, Pair


def shown(pairs: t.Iterable[Pair]) -> str:
    """Return (app, entitlement) pairs in words: "crm: admin, crm: reports"; an app alone is its name."""
    return ", ".join(f"{app}: {entitlement}" if entitlement else app for app, entitlement in pairs)


def check_had(
    grants: t.Sequence[Pair],
    person: Person,
    until: dt.date,
    *,
    wants: t.Iterable[Want],
    exceptions: t.Iterable[AccessException],
    catalog: Catalog,
) -> None:
    """Raise RequestError where ``person`` should have one of ``grants`` already, or a role above it.

    What ends sooner than what is asked for does not count: asking again is how it is prolonged.
    """
    wants = [want for want in wants if want.state != "absent"]
    held = dict(held_by(wants))
    held.update({(want.app, ""): want.because for want in wants})
    ends = {one.id: one.until for one in exceptions}

    def lasts(because: Because) -> bool:
        return because.kind not in TEMPORARY or ends.get(because.id, until) >= until

    for pair in grants:
        there = pair if pair in held else _above(pair, held, catalog)
        because = held.get(there, ()) if there else ()
        if there is None or not any(map(lasts, because)):
            continue
        why = ", ".join(dict.fromkeys(f"{one.kind} {one.id}".strip() for one in because))
        more = "" if there == pair else f", which is more than {pair[1]}"
        raise RequestError(
            f"{person.username or person.id} has {shown([there])} already{more} ({why})",
            todo="Ask for the rest without it" if len(grants) > 1 else "Nothing needs to be done",
        )


def _above(pair: Pair, held: t.Collection[Pair], catalog: Catalog) -> Pair | None:
    """Return the role in ``held`` that a role would be void beside; None where there is none."""
    app = catalog.apps[pair[0]]
    known = app.entitlements.get(pair[1])
    if known is None or known.kind != "role":
        return None
    roles = {one for one in held if one[0] == pair[0] and one[1] in app.entitlements}
    roles = {one for one in roles if app.entitlements[one[1]].kind == "role"}
    kept = highest_roles({*roles, pair}, catalog)
    return None if pair in kept else next(iter(kept))
