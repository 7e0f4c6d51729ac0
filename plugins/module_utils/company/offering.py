# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What managers are offered with the warning that something of their people ends soon: to extend it."""

from __future__ import annotations

import functools
import typing as t

from ..desks.digests import Digest
from ..desks.mailto import LONGEST, is_one_address, mail_link
from ..desks.messages import Extensible, Together
from ..desks.news import News
from ..errors import AppError
from ..requesting.extension_lines import extension_lines
from .company import Company
from .extending import offer

_LONGEST_SUBJECT = 100


class Offers:
    """The offers of a run, each made when a message needs it. Only who is addressed by name gets any."""

    def __init__(self, company: Company) -> None:
        self._company = company

    @functools.cached_property
    def desks(self) -> tuple[str, ...]:
        """The names of the desks where a manager may say that something is to be extended."""
        return tuple(sorted(key for key, desk in self._company.catalog.desks.items() if desk.requests))

    @functools.cached_property
    def address(self) -> str:
        """The address under which a mail becomes a ticket at the first of these desks that has one; else empty."""
        for key in self.desks:
            try:
                address = self._company.desk(key).asked_by_mail
            except AppError:
                continue  # what is wrong with the desk is said where it is worked at
            if is_one_address(address):
                return address
        return ""

    def of(self, digest: Digest, *, mail: bool = False) -> t.Mapping[str, Extensible]:
        """Return, by the keys of a digest's news, what its reader may extend; in a ``mail`` with a link, where there is
        an address for it.

        Raises LedgerError when there is no key to sign with.
        """
        found: dict[str, Extensible] = {}
        for one in digest.lines:
            if digest.route == "manager" and one.what == "ending":
                made = self._offer(one, self.address if mail else "")
                if made is not None:
                    found[one.key] = made
        return found

    def _offer(self, one: News, address: str) -> Extensible | None:
        for exception in self._company.exceptions:
            if exception.id == one.subject and str(exception.until) == one.stamp:
                made = offer(self._company, exception.kind, exception.id)
                if made is None:
                    return None
                token, latest = made.token, str(made.latest)
                subject = f"Extend {one.subject}: {one.title}"[:_LONGEST_SUBJECT]
                link = mail_link(address, subject, extension_lines([(token, latest)])) if address else ""
                return Extensible(token, latest, link if len(link) <= LONGEST else "")
        return None

    def together(self, offered: t.Collection[Extensible]) -> tuple[Together, ...]:
        """Return the links that extend all of ``offered``: one, or as many as are short enough to be followed.

        None where there are no links, or no more than one thing to extend.
        """
        linked = [one for one in offered if one.link]
        parts: list[list[Extensible]] = []
        for one in linked:
            if parts and len(self._link([*parts[-1], one])) <= LONGEST:
                parts[-1].append(one)
            else:
                parts.append([one])
        if len(linked) < 2:
            return ()
        made, before = [], 0
        for part in parts:
            which = f"all {len(part)}" if len(parts) == 1 else f"{before + 1} to {before + len(part)} of {len(linked)}"
            made.append(Together(self._link(part), f"Extend {which}, each until its last possible day"))
            before += len(part)
        return tuple(made)

    def _link(self, part: t.Sequence[Extensible]) -> str:
        lines = extension_lines((one.token, one.latest) for one in part)
        return mail_link(self.address, f"Extend {len(part)} of my people's exceptions", lines)


def words_of(offered: t.Iterable[Extensible], together: t.Iterable[Together]) -> dict[str, str]:
    """Return what each link is called where it is clicked."""
    alone = {one.link: one.words for one in offered if one.link}
    return {**alone, **{one.link: one.words for one in together}}
