# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where requests come from besides a playbook: files in git, and tickets at the desks."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import typing as t

from ..desks.contract import Desk, Ticket
from ..desks.quoted import own_words
from ..desks.saying import was_said
from ..errors import AppError, NotFound, RequestError
from ..model import AccessRequest, Finding, Run, fingerprint
from ..requesting.approvers import SECURITY
from ..requesting.asked import Asked
from ..requesting.extension_lines import how_to_extend, only_quoted, read_extensions
from ..requesting.request_files import read_requests
from ..requesting.tickets import Read, how_to_ask, read_ticket
from ..requesting.wording import outcome_of
from .company import Company
from .extending import extended_by_ticket
from .following_requests import Followed, follow_requests
from .requesting import ask

_VIA = re.compile(r"desk (?P<desk>\S+), ticket (?P<reference>.+)")
#: What a ticket is closed with.
_MEANING = {"approved": "done", "refused": "declined", "withdrawn": "cancelled"}


@dataclasses.dataclass
class Intake:
    """What came of one round: ids that were asked now, what was ``followed``, findings, and desks that are left for
    the next run."""

    asked: list[str] = dataclasses.field(default_factory=list)
    followed: Followed = dataclasses.field(default_factory=Followed)
    findings: list[Finding] = dataclasses.field(default_factory=list)
    left: set[str] = dataclasses.field(default_factory=set)
    #: how many managers extended something
    extended: int = 0

    @property
    def changed(self) -> bool:
        return bool(self.asked or self.followed.changed or self.extended)


def take_requests(company: Company, run: Run, desks: t.Mapping[str, Desk]) -> Intake:
    """Take in what people ask for in files and tickets, follow everything that waits, and answer the tickets.

    ``desks`` are the desks by key; one that cannot be reached is left for the next run, and a file that is wrong is
    told with its line: everything else goes on.
    """
    intake = Intake()
    _take_files(company, run, intake)
    at_desks = _Tickets(company, run, intake)
    for key, desk in sorted(desks.items()):
        if desk.settings.requests:
            at_desks.at(key, desk, at_desks.take_in)
    intake.followed = follow_requests(company, run)
    intake.findings += intake.followed.findings
    for key, desk in sorted(desks.items()):
        if desk.settings.requests and key not in intake.left:
            at_desks.at(key, desk, at_desks.tell)
    return intake


def check_requests(company: Company) -> tuple[Finding, ...]:
    """Return what is wrong with the files of requests, and where a request would find no security team.

    The second only where people ask for access: there are files, requests in the ledger, or a desk that takes them.
    """
    _asked, findings = read_requests(company.settings.requests, company.catalog)
    desks = any(desk.requests for desk in company.catalog.desks.values())
    if company.settings.security or not (desks or company.settings.requests.exists() or company.ledger.requests()):
        return findings
    for app in company.apps.values():
        privileged = [one.key for one in app.entitlements.values() if one.privileged]
        asked = SECURITY in app.approval.approvers or (privileged and SECURITY in app.approval.privileged)
        if app.requestable and asked:
            what = f"{privileged[0]} of {app.key}" if privileged else app.key
            findings = (
                *findings,
                Finding(
                    "no_security",
                    "error",
                    f"{what} can be asked for, security has to approve it, and rollcall.yml names no security team",
                    where=str(app.origin or ""),
                    todo="Set security in rollcall.yml, or say `requestable: false`, or other approvers, for the app",
                    app=app.key,
                ),
            )
    return findings


def _take_files(company: Company, run: Run, intake: Intake) -> None:
    found, wrong = read_requests(company.settings.requests, company.catalog)
    intake.findings += wrong
    for asked in found:
        try:
            asking = ask(company, run, asked)
        except RequestError as error:
            intake.findings.append(
                Finding("request_refused", "warning", error.message, where=error.where, todo=error.todo)
            )
        else:
            if asking.created:
                intake.asked.append(asking.request.id)


class _Tickets:
    """Tickets in which people ask. What was said at a ticket is kept as a notice, so that it is said once."""

    def __init__(self, company: Company, run: Run, intake: Intake) -> None:
        self.company, self.run, self.intake, self.ledger = company, run, intake, company.ledger
        self.told = company.ledger.notices()

    def at(self, key: str, desk: Desk, work: t.Callable[[Desk], None]) -> None:
        try:
            work(desk)
        except AppError as error:
            self.intake.left.add(key)
            todo = "What is asked there is taken in by the next run"
            self.intake.findings.append(Finding("desk_failed", "error", str(error), todo=todo))

    def take_in(self, desk: Desk) -> None:
        for ticket in desk.requested():
            if ticket.task or ticket.gone or ticket.merged_into:
                continue
            if self.ledger.request(_id(desk, ticket)) is None and not self._seen(desk, ticket):
                self._take(desk, ticket)

    def _extend(self, desk: Desk, ticket: Ticket, extensions: t.Sequence[tuple[str, str]]) -> None:
        """Extend what a manager says in a ticket, and close it with what came of it: both once."""
        said = self._key(desk, ticket.reference, f"extension {fingerprint([list(one) for one in extensions])[:12]}")
        if said in self.told or not self.company.writes:
            return
        done = [
            extended_by_ticket(self.company, self.run, token=token, until=until, by=ticket.requester, via=said)
            for token, until in extensions
        ]
        meanings = {meaning for meaning, _text in done}
        desk.close(
            ticket.reference, "done" if meanings == {"done"} else "declined", "\n".join(text for _meaning, text in done)
        )
        self._note(said)
        self.intake.extended += sum(meaning == "done" for meaning, _text in done)

    def _take(self, desk: Desk, ticket: Ticket) -> None:
        lines = own_words(ticket.text)
        if self._key(desk, ticket.reference, "asked back") in self.told:
            # what was missing may be in an answer
            for reply in desk.replies(ticket.reference):
                if self._is_requester(reply.by, ticket):
                    lines += ["", *own_words(reply.text)]
        extensions = read_extensions(lines)
        if extensions:
            self._extend(desk, ticket, extensions)
            return
        read = read_ticket(lines, self.company.catalog)
        missing = read.missing if ticket.requester.strip() else ("the desk does not say who asks", *read.missing)
        if not missing:
            try:
                asking = ask(self.company, self.run, _asked(desk, ticket, read))
                self.intake.asked.append(asking.request.id)
                return
            except RequestError as error:
                missing = (f"{error.message}. {error.todo}".strip(". "),)
        if not read.grants and only_quoted(ticket.text):
            self._ask_back(desk, ticket, ("its lines",), how_to_extend())
        else:
            self._ask_back(desk, ticket, missing, how_to_ask(missing))

    def _ask_back(self, desk: Desk, ticket: Ticket, missing: t.Sequence[str], text: str) -> None:
        """Say ``text`` once for what is missing; the same again only after something else was."""
        said = self._key(desk, ticket.reference, f"missing {fingerprint(list(missing))[:12]}")
        if said not in self.told and self.company.writes:
            self._say(desk, ticket.reference, text, said, self._key(desk, ticket.reference, "asked back"))
        elif ticket.version:
            # until something is new in it, nobody reads it again
            self._note(self._key(desk, ticket.reference, f"seen {ticket.version}"))

    def _seen(self, desk: Desk, ticket: Ticket) -> bool:
        return bool(ticket.version) and self._key(desk, ticket.reference, f"seen {ticket.version}") in self.told

    def _is_requester(self, by: str, ticket: Ticket) -> bool:
        return bool(by.strip()) and self.company.organisation.same(by, ticket.requester)

    def tell(self, desk: Desk) -> None:
        """Say at the tickets of ``desk`` how their requests stand, and close those that are decided."""
        for request in self.ledger.requests():
            reference = _reference(request, desk)
            said = self._key(desk, reference, request.state)
            if not reference or said in self.told or not self.company.writes:
                continue
            # whoever took their ticket away does not want to hear of it
            with contextlib.suppress(NotFound):
                if request.state == "waiting":
                    self._say(desk, reference, outcome_of(request), said)
                    continue
                desk.close(reference, _MEANING[request.state], outcome_of(request))
            self._note(said)

    def _say(self, desk: Desk, reference: str, text: str, *keys: str) -> None:
        """Say something at a ticket once, and note ``keys`` for it. That it is about to be said is noted first: what a
        run that died, or had no answer, may have said already is looked for."""
        begun = f"{keys[0]}, begun"
        before = begun in self.told
        if not before:
            self._note(begun)
        if not (before and was_said(text, desk.said(reference))):
            desk.comment(reference, text)
        self._note(*keys)

    def _key(self, desk: Desk, reference: str, what: str) -> str:
        return f"request at {desk.settings.key} {reference}: {what}"

    def _note(self, *keys: str) -> None:
        if not self.company.writes:
            return
        self.ledger.notice_all(keys, {}, self.run, self.company.clock.now())
        self.told.update(keys)


def _id(desk: Desk, ticket: Ticket) -> str:
    return f"request-{fingerprint([desk.settings.key, ticket.reference])[:10]}"


def _asked(desk: Desk, ticket: Ticket, read: Read) -> Asked:
    return Asked(
        person=read.person or ticket.requester,
        grants=read.grants,
        reason=read.reason,
        requested_by=ticket.requester,
        until=read.until,
        lasts=read.lasts,
        start=read.start,
        given_id=_id(desk, ticket),
        via=f"desk {desk.settings.key}, ticket {ticket.reference}",
    )


def _reference(request: AccessRequest, desk: Desk) -> str:
    """Return the ticket at ``desk`` in which a request was asked; empty where it was elsewhere."""
    found = _VIA.fullmatch(request.via)
    return found["reference"] if found and found["desk"] == desk.settings.key else ""
