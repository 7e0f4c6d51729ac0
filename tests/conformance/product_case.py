# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a product (or an engine on a real server) shows of itself, so that one suite can be run against all of them.

A product's case is a file in ``products/`` with one subclass of ``ProductCase`` and, where no real server can run, one
of ``fake.Fake``. ``test_products.py`` finds the cases by itself and knows nothing of any product.
"""

from __future__ import annotations

import dataclasses
import types
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.connectors.contract import Connector
from ansible_collections.rollcall.access.plugins.module_utils.connectors.registry import build
from ansible_collections.rollcall.access.plugins.module_utils.model import App, Entitlement

#: The credential of every test, wherever one has to be a text. It must never appear in any message.
CANARY = "canary-7f3a9c51-do-not-show"

#: A name with everything in it that a filter, a path, a template or a query might take for its own.
ODD = """Say "hi" \\ O'Brien {{ 7 * 7 }} * %_ & ü 東京"""


@dataclasses.dataclass(frozen=True)
class Seen:
    """An account as the server itself has it, looked at past the connector.

    ``state``: active, suspended, invited. ``has``: the app's own words (entitlement values) of all that it has.
    """

    email: str
    username: str = ""
    state: str = "active"
    has: frozenset[str] = frozenset()


class Server(t.Protocol):
    """One app, running. A method below the line may be missing: then the case says in ``without`` why.

    Ids are those that the connector uses for ``Account.id``.
    """

    #: the port of its HTTP interface, or 0 for one that is not spoken to by HTTP (no proxy stands before it then)
    port: int

    def connection(self, port: int) -> dict[str, t.Any]:
        """Return what the catalog's ``connection`` says to reach the server through ``port`` with good credentials."""

    def reset(self) -> None:
        """Make it empty: the groups and roles that the case's entitlements name, and what cannot be without."""

    def fill(self, people: int) -> list[str]:
        """Make people p0, p1, ... with the email p0@acme.example (and user name p0, external id e0, names Given0
        Family0, where the app has such), active, with ``case.first_role`` where there are roles; return their ids."""

    def accounts(self) -> dict[str, Seen]:
        """Return every account by id, as the app itself has it. Those that were there from the start too."""

    def rename(self, id: str, email: str) -> None:
        """Change an account's address as its person or an administrator would do it in the app."""

    # ---- where the app has such

    def revoke_credentials(self) -> None:
        """From now on the credential has expired or was revoked (what the app answers then: usually 401)."""

    def take_scope(self, write: bool) -> str:
        """Take away the permission to write (or to read); return the word for it that the message must name."""

    def limit_seats(self) -> None:
        """From now on there is no seat left for one more account."""

    def invite(self, email: str) -> str:
        """Make an account that has not accepted its invitation yet; return its id."""

    def make_sole_owner(self, id: str) -> None:
        """Make it the last owner or administrator, whom the app does not let go."""

    def sign_in(self, id: str) -> None:
        """Give it what ``end_sessions`` has to end: sessions, tokens, keys, as far as the app has them."""

    def live_credentials(self, id: str) -> int:
        """Return how many of those it still has."""

    def give_property(self, id: str) -> None:
        """Make it own something that ``transfer`` hands over."""

    def owner_of_property(self) -> str:
        """Return the id of who owns that now."""


class ProductCase:
    """One product. Subclass, fill in, and give ``start``."""

    #: what the coverage page calls it, as the overview of the systems does: "HubSpot"
    system: t.ClassVar[str] = ""
    #: the word for ``connector:`` in the catalog
    connector: t.ClassVar[str] = ""
    #: for the coverage page, in one sentence: against what it is tested, and against which specification (with version)
    tested: t.ClassVar[str] = ""
    #: more for ``connection``, besides what the server says (a page size of 3: seven people are three pages)
    options: t.ClassVar[t.Mapping[str, t.Any]] = {}
    #: the catalog's entitlements of the app
    entitlements: t.ClassVar[t.Sequence[Entitlement]] = ()
    #: keys among them. ``roles``: two of kind role, lowest first, or none. ``adding``: those of kinds that add up; one
    #: has the value ODD where the app takes any name. ``missing``: one whose value the app does not have; empty where
    #: the app has no such thing.
    roles: t.ClassVar[tuple[str, ...]] = ()
    adding: t.ClassVar[tuple[str, ...]] = ()
    missing: t.ClassVar[str] = ""
    #: What the app has not, and why: the name of a Server method or of a check -> the reason, in a sentence. Checks:
    #: external_id, username (accounts have none or cannot be found by it), three_pages (the app lists all at once),
    #: missing_page, page_twice (cannot be noticed: the interface gives nothing to notice it by).
    without: t.ClassVar[t.Mapping[str, str]] = {}

    def start(self) -> t.ContextManager[Server]:
        """Start the server; it serves every test of this case, with ``reset`` before each."""
        raise NotImplementedError

    def app(self) -> App:
        entitlements = {entitlement.key: entitlement for entitlement in self.entitlements}
        return App("crm", connector=self.connector, entitlements=types.MappingProxyType(entitlements))

    def build(self, server: Server, port: int, **options: t.Any) -> Connector:
        """Return the connector, through ``port`` (the server's own, or that of a proxy before it)."""
        return build(self.app(), {**server.connection(port), **self.options, **options})
