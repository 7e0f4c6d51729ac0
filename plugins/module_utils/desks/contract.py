# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a desk is: the place where an app's owner finds a task as a ticket, and answers it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import types
import typing as t

from ..model import DeskSettings
from ..protocols.options import Options

YES, NO, DECLINED = "yes", "no", "declined"

#: What ``requests`` takes at every desk besides its places: the address under which a mail becomes a ticket there.
ASKED_BY_MAIL = "address"

#: Fields of a ticket whose last message did not reach its owner: the address, and what the mail system said.
NOT_DELIVERED_TO, NOT_DELIVERED_BECAUSE = "not_delivered_to", "not_delivered_because"


def _empty() -> t.Mapping[str, str]:
    return types.MappingProxyType({})


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What an owner says about a task.

    ``done`` is yes, no (not yet) or declined; ``note`` is the reason of a decline. ``when`` is empty for "now";
    ``where`` is the file and line, or the desk and ticket, that the answer was read from.
    """

    task: str
    done: str
    account_name: str = ""
    note: str = ""
    by: str = ""
    when: dt.datetime | None = None
    where: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Letter:
    """A task as it is put before its owner. ``text`` is plain text of several lines; nothing in it is markup.

    ``place`` is where at the desk it goes (queue, project, ...). ``owner`` is an address; a desk that does not know it
    opens the ticket unassigned. ``requester`` is the address on whose behalf it is opened, where a desk has such a
    thing; it may be empty.
    """

    task: str
    title: str
    text: str
    owner: str
    due: dt.datetime
    urgency: str = "normal"  # normal | emergency
    requester: str = ""
    place: t.Mapping[str, str] = dataclasses.field(default_factory=_empty)


@dataclasses.dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as the desk has it now, in the desk's own words.

    ``task`` is the id of our task that it carries; empty for a ticket that is not ours. ``version`` is any text that
    differs as soon as anything about the ticket has changed, a comment included. ``changed_by`` is who last changed its
    state, as far as the desk says so. ``merged_into`` is the reference of the ticket that it became part of; ``gone``
    says that it was deleted, and is still shown. ``fields`` are the desk's own fields, by their names there, as text.
    """

    reference: str
    task: str = ""
    state: str = ""
    title: str = ""
    text: str = ""
    place: str = ""
    assignee: str = ""
    requester: str = ""
    changed_by: str = ""
    link: str = ""
    version: str = ""
    fields: t.Mapping[str, str] = dataclasses.field(default_factory=_empty)
    merged_into: str = ""
    gone: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Attachment:
    """A file at a ticket. ``content`` is the file itself."""

    name: str
    content: bytes = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Reply:
    """What somebody else than us wrote at a ticket: plain text (a desk that has markup strips it), never evaluated."""

    id: str
    by: str
    text: str
    at: dt.datetime | None = None
    attachments: tuple[Attachment, ...] = ()


class Desk:
    """The base of all desks. One object serves one desk of the catalog during one run.

    The ledger knows every task, whatever the desk: a desk only shows it to its owner and brings the answer back. Every
    method may be repeated: a run that dies between two of them is run again.

    All methods raise AppError as connectors do: Throttled and Transient for what may work later (the caller leaves the
    rest of this desk to the next run), Refused with the permission that is missing, NotFound for a ticket that is not
    there, Broken for what cannot be understood. A write is never repeated by a desk itself when it may have been done.
    """

    #: The word for the product, as in the catalog.
    type: t.ClassVar[str] = ""
    #: What ``connection`` takes: option -> required, optional or secret (required, and never shown).
    options: t.ClassVar[t.Mapping[str, str]] = {}
    #: What ``place`` takes: name -> required or optional.
    places: t.ClassVar[t.Mapping[str, str]] = {}
    #: Which of the product's own states mean what, as it comes from the vendor: our word -> its words.
    states: t.ClassVar[t.Mapping[str, tuple[str, ...]]] = {}

    def __init__(self, settings: DeskSettings, connection: t.Mapping[str, t.Any]) -> None:
        self.settings = settings
        self.options_given = Options(settings.key, connection, "desk")

    @property
    def asked_by_mail(self) -> str:
        """The address under which a mail becomes a request here, as far as that is known; else empty."""
        return self.settings.requests.get(ASKED_BY_MAIL, "")

    def where(self, operation: str, reference: str = "") -> str:
        """Return the place of an error: desk, operation and ticket."""
        return f"desk {self.settings.key}, {operation}" + (f" {reference}" if reference else "")

    # what every desk does

    def find(self, tasks: t.Collection[str]) -> t.Iterator[Ticket]:
        """Yield the tickets, in whatever state, that carry one of these task ids, looked for where tickets go.

        This is asked before anything is opened, and is what keeps a ticket from being opened twice: it must see a
        ticket that was opened a moment ago. It lists; it does not ask once for each task.
        """
        raise NotImplementedError

    def open(self, letter: Letter) -> Ticket:
        """Open a ticket that carries the task's id, and return it. ``find`` has just not found one."""
        raise NotImplementedError

    def read(self, references: t.Collection[str]) -> dict[str, Ticket]:
        """Return the tickets of these references, by reference. One that is left out is not there any more.

        A ticket that was merged or moved and is answered under another reference is returned under the one asked for.
        Where the desk can list, this lists: a thousand tickets are no thousand requests.
        """
        raise NotImplementedError

    def replies(self, reference: str) -> tuple[Reply, ...]:
        """Return what others than us wrote at a ticket, the oldest first, the first text not included.

        Asked only for tickets whose ``version`` has changed.
        """
        raise NotImplementedError

    def said(self, reference: str) -> tuple[str, ...]:
        """Return what we ourselves wrote at a ticket, as plain text, the first text not included.

        Asked when a run may have died between saying something and writing down that it was said. Empty where nobody
        can look: then it is said again.
        """
        raise NotImplementedError

    def comment(self, reference: str, text: str) -> None:
        """Add a text that the owner sees. ``text`` is plain: the desk must show it as it is, markup not evaluated."""
        raise NotImplementedError

    def reassign(self, reference: str, owner: str) -> bool:
        """Give the ticket to ``owner`` (an address). Returns False where the desk knows nobody of that address."""
        raise NotImplementedError

    def close(self, reference: str, meaning: str, text: str) -> None:
        """Bring the ticket into a state that means ``meaning`` (done, declined or cancelled), with ``text`` as comment.

        One that is in such a state already is left as it is.
        """
        raise NotImplementedError

    def reopen(self, reference: str, text: str) -> None:
        """Bring an ended ticket into a state that means open, with ``text`` as comment. An open one gets the text."""
        raise NotImplementedError

    def requested(self) -> t.Iterator[Ticket]:
        """Yield the open tickets at ``settings.requests`` that are not ours: people who ask for access."""
        return iter(())

    def close_session(self) -> None:
        """Give connections back."""

    # what is the same for all

    def meaning(self, ticket: Ticket) -> str:
        """Return what a ticket's state means to us: open, done, declined or cancelled; empty for an unknown word."""
        word = ticket.state.casefold()
        for meaning, words in self.state_map.items():
            if word in {one.casefold() for one in words}:
                return meaning
        return ""

    @property
    def state_map(self) -> t.Mapping[str, tuple[str, ...]]:
        """The catalog's map where it says something, the product's own for the rest."""
        given = self.settings.states
        taken = {word.casefold() for words in given.values() for word in words}
        usual = {
            meaning: tuple(word for word in words if word.casefold() not in taken)
            for meaning, words in self.states.items()
        }
        return {**usual, **given}

    def state_for(self, meaning: str) -> str:
        """Return the desk's word to set for ``meaning``: the first that the map has; for cancelled, that of declined
        or done where the desk has none of its own."""
        for one in (meaning, *(("declined", "done") if meaning == "cancelled" else ())):
            words = self.state_map.get(one, ())
            if words:
                return words[0]
        return ""
