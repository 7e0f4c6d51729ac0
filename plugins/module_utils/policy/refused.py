# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What separation of duties keeps an exception from giving, and what somebody answers for."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ..model import AccessException, Finding
from .duties import Clash, Held
from .values import AcceptedRisk, Pair


@dataclasses.dataclass(frozen=True)
class Refused:
    """An exception that gives nothing from ``day`` on: with ``held`` it would make ``clash``.

    ``risk`` is what had been accepted until the day before. ``without``: it is cover, and gives all but these.
    """

    exception: AccessException
    person: str
    day: dt.date
    clash: Clash
    held: Held
    risk: AcceptedRisk | None = None
    without: tuple[Pair, ...] = ()

    @property
    def why(self) -> str:
        until = f"; the risk was accepted until {self.risk.until} ({self.risk.id})" if self.risk else ""
        return self.clash.through(self.held) + until


@dataclasses.dataclass(frozen=True)
class Accepted:
    """A clash that somebody answers for."""

    clash: Clash
    held: Held
    risk: AcceptedRisk


def less(exceptions: t.Iterable[AccessException], refused: t.Iterable[Refused]) -> list[AccessException]:
    """Return ``exceptions`` without those that are ``refused``, and those of which a part is, without that part."""
    without = {id(one.exception): one.without for one in refused}
    return [
        dataclasses.replace(one, grants=tuple(pair for pair in one.grants if pair not in without[id(one)]))
        if without.get(id(one))
        else one
        for one in exceptions
        if without.get(id(one), True)
    ]


def refused_finding(refused: Refused, person: str, today: dt.date) -> Finding:
    """Return the error, or where it is yet to come the warning, that says that an exception gives nothing."""
    exception, later = refused.exception, refused.day > today
    when = f"from {refused.day} on " if later else ""
    what = ", ".join(f"{app}: {entitlement}" for app, entitlement in refused.without)
    ends = later and refused.risk is not None
    return Finding(
        "exception_refused",
        "warning" if ends or refused.without else "error",
        f'the {exception.kind} "{exception.id}" gives {person} {f"no {what}" if what else "nothing"} {when}'
        f"because of separation of duties: {refused.why}",
        where=str(exception.origin or refused.clash.duty.origin or ""),
        todo="End it, or change the rule that gives the other; or have the risk accepted (accepted_risks)",
        app=refused.clash.pairs[0][0],
        person=person,
    )
