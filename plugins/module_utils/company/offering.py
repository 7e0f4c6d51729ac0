# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What managers are offered with the warning that something of their people ends soon: to extend it."""

from __future__ import annotations

import functools
import typing as t

from ..desks.digests import Digest
from ..desks.messages import Extensible
from .company import Company
from .extending import offer


class Offers:
    """The offers of a run, each made when a message needs it. Only who is addressed by name gets any."""

    def __init__(self, company: Company) -> None:
        self._company = company

    @functools.cached_property
    def desks(self) -> tuple[str, ...]:
        """The names of the desks where a manager may say that something is to be extended."""
        return tuple(sorted(key for key, desk in self._company.catalog.desks.items() if desk.requests))

    def of(self, digest: Digest) -> t.Mapping[str, Extensible]:
        """Return, by the keys of a digest's news, what its reader may extend.

        Raises LedgerError when there is no key to sign with.
        """
        found: dict[str, Extensible] = {}
        for one in digest.news:
            if digest.route == "manager" and one.what == "ending":
                made = self._offer(one.subject, one.stamp)
                if made is not None:
                    found[one.key] = made
        return found

    def _offer(self, id: str, until: str) -> Extensible | None:
        for exception in self._company.exceptions:
            if exception.id == id and str(exception.until) == until:
                made = offer(self._company, exception.kind, id)
                return Extensible(made.token, str(made.latest)) if made else None
        return None
