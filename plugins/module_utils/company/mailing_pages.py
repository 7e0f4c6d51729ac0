# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reviewers' pages as attachments of the mails that tell reviewers what waits for them."""

from __future__ import annotations

import functools

from ..desks.contract import Attachment
from ..desks.digests import Digest
from ..reviews.packet import Packet, packets
from ..reviews.page import page_stem, render
from .about_reviews import reviewers_of
from .company import Company
from .reviewers_pages import around, token_for


class Pages:
    """The pages of open reviews, made once a run and only when a mail needs one.

    ``notifications.review_pages`` in rollcall.yml says whether they go out by mail.
    """

    def __init__(self, company: Company) -> None:
        self._company = company

    def of(self, digest: Digest) -> tuple[Attachment, ...]:
        """Return the pages for the address of a digest that speaks of reviews: what is undecided there."""
        if not self._company.settings.notifications.get("review_pages"):
            return ()
        if not any(one.what == "review" for one in digest.news):
            return ()
        return tuple(map(self._attachment, self._packets.get(digest.address.casefold(), ())))

    @functools.cached_property
    def _packets(self) -> dict[str, list[Packet]]:
        company, now = self._company, self._company.clock.now()
        circumstances, reviewers = around(company), reviewers_of(company)
        name, zone = company.settings.company, company.settings.working_day.zone
        found: dict[str, list[Packet]] = {}
        for review in company.ledger.reviews(state="open"):
            for one in packets(review, circumstances, now, company=name, zone=zone, reviewers=reviewers):
                if any(not shown.item.decision for shown in one.items):
                    found.setdefault(one.reviewer.casefold(), []).append(one)
        return found

    def _attachment(self, packet: Packet) -> Attachment:
        text = render(packet, token_for(self._company.ledger, packet))
        return Attachment(f"{packet.review.id}-{page_stem(packet)}.html", text.encode())
