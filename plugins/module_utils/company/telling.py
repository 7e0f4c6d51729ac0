# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Telling people what happened in a run: owners, managers, new people and the security team, each of them once."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

from ..desks.digests import Circle, Digest, Happenings, digests
from ..desks.messages import Messages
from ..desks.sending import Channel, Sender, channels_of
from ..desks.told import FAILED, SENT, Left, Told, place_of, with_left
from ..errors import RollcallError, SettingsError
from ..model import Finding, Run
from .company import Company
from .glass_reviews import glass_news
from .mailing_pages import Pages
from .offering import Offers, words_of
from .untold import with_untold

# how many things a finding about a message names
_NAMED = 5


@dataclasses.dataclass(frozen=True)
class Telling:
    """How many messages went out, and what is to be said about the others."""

    sent: int = 0
    findings: tuple[Finding, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether the run should end as failed: an emergency that was not told, a route or template that is wrong."""
        return any(finding.severity == "error" for finding in self.findings)


def tell(company: Company, run: Run, happenings: Happenings, *, only: str = "") -> Telling:
    """Send what is new to whom it concerns, as ``notifications`` in rollcall.yml says; nothing without routes.

    ``only`` this kind of news is told, where it says one; the rest is left to the next run that tells everything.

    What cannot be sent is a finding, the others go on, and the next run tries it again. With a company that does not
    write, nothing is sent. Raises LedgerError, and MissingLibrary without Apprise.
    """
    if not company.writes or not company.settings.notifications.get("routes"):
        return Telling()
    try:
        channels, findings = routes(company)
        messages = _messages(company)
    except SettingsError as error:
        return Telling(0, (_finding("notification_route", "error", error),))
    happenings = dataclasses.replace(with_untold(company, run, happenings), urgent=glass_news(company))
    circle = Circle(company.organisation, company.clock.now(), company.settings.security)
    made = digests(happenings, circle)
    if only:
        some = [dataclasses.replace(one, news=tuple(n for n in one.news if n.what == only)) for one in made]
        made = tuple(one for one in some if one.news)
    teller = _Teller(company, run, messages, _going_on(happenings), list(findings))
    # what cannot wait goes out everywhere before the first of the others
    for urgent in (True, False):
        for channel in channels:
            teller.tell(channel, [one for one in made if one.route == channel.route], urgent=urgent)
    return Telling(teller.sent, tuple(teller.findings))


def _going_on(happenings: Happenings) -> frozenset[str]:
    """Return the ids of what is still to be told again where a message was interrupted."""
    return frozenset(task.id for task in happenings.open) | {one.news.subject for one in happenings.urgent}


def routes(company: Company) -> tuple[tuple[Channel, ...], tuple[Finding, ...]]:
    """Return the channels that rollcall.yml names, and what is wrong with them; nothing is sent.

    Raises SettingsError when a template in them cannot be filled in.
    """
    settings = company.settings
    given = settings.notifications.get("routes") or {}
    try:
        filled = company.resolve(
            {name: value if isinstance(value, str) else list(value) for name, value in given.items()}
        )
    except RollcallError:
        raise
    except Exception as error:  # whatever the templating of the caller raises
        raise SettingsError(
            f"a template in `notifications.routes` cannot be filled in: {error}",
            where=str(settings.path),
            todo="Define the variable that it names, in group_vars or as a credential",
        ) from error
    return channels_of(filled, str(settings.path))


def check_notifications(company: Company) -> tuple[Finding, ...]:
    """Return what is wrong with routes and templates, without sending anything."""
    if not company.settings.notifications:
        return ()
    try:
        _channels, findings = routes(company)
        _messages(company).check()
    except RollcallError as error:
        return (_finding("notification_route", "error", error),)
    return findings


def _messages(company: Company) -> Messages:
    settings = company.settings
    folder = settings.notifications.get("templates")
    return Messages(settings.company, settings.working_day, settings.base / pathlib.Path(folder) if folder else None)


class _Teller:
    """Tells one channel after the other."""

    def __init__(
        self, company: Company, run: Run, messages: Messages, open: frozenset[str], findings: list[Finding]
    ) -> None:
        self._company, self._messages, self._open = company, messages, open
        self._told = Told(company.ledger, run, company.clock.now())
        self._sender = Sender()
        self._pages = Pages(company)
        self._offers = Offers(company)
        self.findings = findings
        self.sent = 0

    def tell(self, channel: Channel, made: t.Sequence[Digest], *, urgent: bool) -> None:
        left = {one.place: one for one in self._told.left(channel.name) if bool(one.digest.alone) is urgent}
        wanted = {place_of(channel.name, one): one for one in made if bool(one.alone) is urgent}
        for place, one in left.items():
            # what could not be sent is owed also where nothing else has happened since
            wanted.setdefault(place, dataclasses.replace(one.digest, news=()))
        for place, digest in wanted.items():
            self._tell(channel, place, digest, left.get(place))

    def _tell(self, channel: Channel, place: str, digest: Digest, left: Left | None) -> None:
        again = left is not None and not left.ended
        if left is not None and again:
            self.findings.append(self._uncertain(channel, left))
            self._told.give_up(left, told=not digest.alone)
        elif self._told.busy(place):
            return  # another run is just sending to this place; what it leaves is told by the next one
        fresh = with_left(digest, left, self._open).fresh(self._told.knows(place))
        if fresh is None:
            return
        now = self._company.clock.now()
        problem = channel.problem_with(fresh.address)
        if problem:
            todo = "Correct the address in the catalog, in HR or in rollcall.yml"
            self._failed(channel, fresh, problem, todo)
            return
        try:
            again = again and bool(digest.alone)
            offered = self._offers.of(fresh, mail=channel.mail) if channel.personal else {}
            together = self._offers.together(offered.values())
            message = self._messages.message(
                fresh,
                now,
                channel=not channel.personal,
                again=again,
                extensible=offered,
                together=together,
                desks=self._offers.desks,
            )
        except SettingsError as error:
            self.findings.append(_finding("notification_template", "error", error))
            return
        number = self._told.begin(place, fresh)
        if number is None:
            return
        outcome = self._sender.send(
            channel,
            fresh.address,
            message.title,
            message.body,
            urgent=bool(fresh.alone),
            attached=self._pages.of(fresh) if channel.mail and channel.personal else (),
            links=words_of(offered.values(), together),
        )
        self._told.end(place, number, SENT if outcome.sent else FAILED, fresh, outcome.why)
        if outcome.sent:
            self.sent += 1
        else:
            self._failed(channel, fresh, outcome.why, outcome.todo)

    def _failed(self, channel: Channel, digest: Digest, why: str, todo: str) -> None:
        what = f"an emergency ({digest.lines[0].title})" if digest.alone else f"{len(digest.lines)} news"
        self.findings.append(
            Finding(
                "notification_failed",
                "error" if digest.alone else "warning",
                f"{what} for {digest.address or 'nobody'} could not be sent through {channel.service}: {why}",
                where=f"route {channel.name}",
                todo=todo,
            )
        )

    def _uncertain(self, channel: Channel, left: Left) -> Finding:
        digest = left.digest
        titles = sorted({one.title for one in digest.lines})
        what = "; ".join(titles[:_NAMED]) + (f"; and {len(titles) - _NAMED} more" if len(titles) > _NAMED else "")
        if not digest.alone:
            todo = "Ask whether it arrived: it is not sent again"
        elif any(one.subject in self._open for one in digest.news):
            todo = "It is sent again, and says so"
        else:
            todo = "Its tasks are not open any more: it is not sent again"
        return Finding(
            "notification_uncertain",
            "warning",
            f"a message to {digest.address} through {channel.service} may not have gone out, because the run that sent "
            f"it was interrupted: {what}",
            where=f"route {channel.name}",
            todo=todo,
        )


def _finding(code: str, severity: str, error: RollcallError) -> Finding:
    return Finding(code, severity, error.message, where=error.where, todo=error.todo)
