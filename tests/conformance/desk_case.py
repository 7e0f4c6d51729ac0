# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a desk shows of itself, so that one suite can be run against all of them.

A case is a file in ``desks/`` (here, or below tests/servers for a real server) with one subclass of ``DeskCase``
and, where no real server can run, one of ``fake.Fake``. ``test_desks.py`` finds the cases by itself and knows nothing
of any desk.
"""

from __future__ import annotations

import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import Attachment
from ansible_collections.rollcall.access.plugins.module_utils.model import DeskSettings


class Seen(t.TypedDict):
    """A ticket as the server itself has it, looked at past the interface.

    ``assignee`` is an address, or empty. ``place`` is the queue, project, repository, as the catalog would name it.
    """

    reference: str
    title: str
    state: str
    assignee: str
    place: str


class DeskServer(t.Protocol):
    """One desk, running. A method below the line may be missing: then the case says in ``without`` why.

    References are those that the desk's class uses. People are addresses; ``owner`` and ``other_owner`` are known to
    the desk and may own tickets, and may write at every ticket.
    """

    #: the port of its HTTP interface, or 0 for one that is not spoken to by HTTP (no proxy stands before it then)
    port: int
    owner: str
    other_owner: str

    def reset(self) -> None:
        """Make it empty of tickets, with good credentials and all rights."""

    def tickets(self) -> list[Seen]:
        """Return every ticket that there is, as the server itself has it (a deleted one need not be there)."""

    def shown(self, reference: str) -> str:
        """Return what a person sees who looks at the ticket: the first text and all comments, the oldest first, as the
        product shows them. What it would take for markup is evaluated: bold without its stars, no tags."""

    def reached(self, reference: str) -> list[str]:
        """Return whom and what texts at the ticket have reached because the product took them for more than texts:
        people who were mentioned, tickets that were linked, commands that were carried out."""

    def fill(self, n: int) -> list[str]:
        """Make n tickets of somebody else's in the same place, as quickly as can be; return their references."""

    def people_open(self, title: str, text: str, by: str) -> str:
        """A person opens a ticket in the place where ours go; return its reference."""

    def people_reply(self, reference: str, text: str, by: str, attachment: Attachment | None = None) -> None:
        """A person writes at a ticket: plain text, as they would type it."""

    def people_close(self, reference: str, meaning: str, by: str) -> None:
        """A person brings a ticket into the vendor's usual state for ``meaning``: done or declined."""

    def people_reopen(self, reference: str) -> None:
        """A person brings it back into an open state."""

    # ---- where the desk has such

    def people_delete(self, reference: str) -> None:
        """An administrator deletes a ticket."""

    def people_merge(self, reference: str, into: str) -> None:
        """A person makes a ticket a part of another one (or marks it as a duplicate of it, where that is the way)."""

    def people_move(self, reference: str) -> None:
        """A person moves a ticket to another place (queue, project), whatever its number is then."""

    def people_ask(self, title: str, text: str, by: str) -> str:
        """A person asks for access where ``settings.requests`` says; return the ticket's reference."""

    def set_field(self, reference: str, field: str, value: str) -> None:
        """A person fills in a field, by the name that ``settings.fields`` has."""

    def revoke_credentials(self) -> None:
        """From now on the credential has expired or was revoked (what the desk answers then: usually 401)."""

    def take_right(self) -> str:
        """Take away the permission to open tickets and to comment; return the word that the message must name."""

    def take_sight(self) -> str:
        """Take away the permission to see the tickets; return the word that the message must name. A desk that answers
        with an empty list then would have us believe that every ticket was deleted."""


class DeskCase:
    """One desk. Subclass, fill in, give ``settings`` and ``server``."""

    #: the word for ``type:`` in the catalog
    word: t.ClassVar[str] = ""
    #: in one sentence: against what it is tested, and against which specification (with version)
    tested: t.ClassVar[str] = ""
    #: how many tickets one request lists
    page_size: t.ClassVar[int] = 100
    #: method and path (a regular expression) of the request that makes the ticket: its answer is lost once
    opens_with: t.ClassVar[tuple[str, str]] = ("POST", "")
    #: the same of the request that makes a comment, by its path alone
    comments_with: t.ClassVar[str] = ""
    #: after so many seconds in which nothing happens a ticket's version stays as it is
    settles: t.ClassVar[float] = 0.0
    #: a map that a catalog might have in place of the usual: our word -> the product's (as ``DeskSettings.states``)
    other_states: t.ClassVar[t.Mapping[str, tuple[str, ...]]] = {}
    #: where else a letter may go: what ``Letter.place`` has then; empty where the desk has one place only (then
    #: ``other_place`` is in ``without``)
    other_place: t.ClassVar[t.Mapping[str, str]] = {}
    #: a reference of the right form that no ticket has
    nowhere: t.ClassVar[str] = "999999"
    #: What the desk has not, and why: the name of a DeskServer method or of a check -> the reason, in a sentence.
    #: Checks: closing (a ticket has no state that people change; then people_reopen and, but for requests, people_close
    #: are not called), http (it is not spoken to by HTTP), listing (no listing by reference), changed_by (it does not
    #: say who), fields (it has none), attachments (its interface gives no files), assignee (tickets have none),
    #: other_states, other_place, page_twice (cannot be noticed: the interface gives nothing to notice it by),
    #: copied_marker (people's copies of our mark cannot be told from ours), blind_find (its search cannot tell what may
    #: not be seen from what is not there, and only ``read`` notices).
    without: t.ClassVar[t.Mapping[str, str]] = {}

    def server(self) -> t.ContextManager[DeskServer]:
        """Start the server; it serves every test of this case, with ``reset`` before each."""
        raise NotImplementedError

    def settings(self, port: int) -> DeskSettings:
        """Return the desk as a catalog has it, to reach the running server through ``port`` (the server's own, or that
        of a proxy before it): connection with good credentials, place, requests and fields where there are such.

        A credential that is a text of one's own choice is ``product_case.CANARY``.
        """
        raise NotImplementedError
