# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How one REST interface is spoken to, as data: what a product's connector is made of, and what a catalog entry says.

Texts in ``path``, ``params``, ``body`` and ``headers`` may hold ``{placeholders}`` (``placeholders.py``); what reads an
answer is JMESPath (https://jmespath.org). Every class is frozen, and refuses a field that it does not know.
"""

from __future__ import annotations

import dataclasses
import types
import typing as t

from .paging import Paging


def _none() -> t.Mapping[str, t.Any]:
    return types.MappingProxyType({})


@dataclasses.dataclass(frozen=True, slots=True)
class Listing:
    """A request that reads entries. ``items``: where the answer holds them; one object counts as a list of one.

    ``only``: JMESPath over an entry -> what it has to find there, or among what it finds there (a text with
    placeholders); other entries are left out. ``scope``: the permission that it needs, named when the app says 403.
    ``details``: the entries show too little of an account, which is read again by its id (only in list and find).
    """

    path: str = ""
    method: str = "GET"
    params: t.Mapping[str, t.Any] = dataclasses.field(default_factory=_none)
    body: t.Any = None
    headers: t.Mapping[str, str] = dataclasses.field(default_factory=_none)
    items: str = "@"
    only: t.Mapping[str, str] = dataclasses.field(default_factory=_none)
    paging: Paging = dataclasses.field(default_factory=Paging)
    scope: str = ""
    details: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    """A request that changes something.

    2xx means done. ``done``: other status codes that mean it, too. ``already``: those that mean that it was so already
    (404 of a delete, 409 of an addition), and ``already_when``: a JMESPath over the body of a refusal that is true
    then. ``each``: send it once for each entry of a listing, which is ``{item}``. ``answer``: where the answer holds
    the record of the account (create). ``form``: send ``body`` as a form. ``scope`` as in Listing.
    """

    path: str = ""
    method: str = "POST"
    params: t.Mapping[str, t.Any] = dataclasses.field(default_factory=_none)
    body: t.Any = None
    form: bool = False
    headers: t.Mapping[str, str] = dataclasses.field(default_factory=_none)
    done: tuple[int, ...] = ()
    already: tuple[int, ...] = ()
    already_when: str = ""
    each: Listing | None = None
    answer: str = "@"
    scope: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class AccountFields:
    """Where the record of an account has what: JMESPath expressions. Only ``id`` must be there.

    ``state`` gives a value that ``states`` translates to active, suspended, invited or gone (an account that is listed
    although it was deleted); true and false mean active and suspended unless ``states`` says otherwise.
    ``id_form``: a regular expression for what an id looks like; one that does not is nobody's and is not asked for.
    """

    id: str = "id"
    username: str = ""
    email: str = ""
    external_id: str = ""
    given_name: str = ""
    family_name: str = ""
    name: str = ""
    state: str = ""
    states: t.Mapping[str, str] = dataclasses.field(default_factory=_none)
    created: str = ""
    last_used: str = ""
    id_form: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Kind:
    """Where the entitlements of one kind are, and how they are given and taken.

    What an account has is read in one of four ways: ``values`` over the account's own record (ids or names);
    ``of_account``, a listing for one account ({id}), whose entries' ``value`` is the id or the name; ``assignments``, a
    listing of who has what of all accounts, whose entries have ``member`` and ``value``; ``members``, a listing for one
    entitlement ({value_id}), whose entries' ``member`` is the account's id (or what ``member_is`` says: email,
    username). With ``members`` alone only what the catalog names is read; ``all_members``: of everything in the
    directory. ``directory`` lists what there is of the kind, each with ``id`` and ``name``: the catalog then names them
    by either. ``grant`` and ``revoke`` may use {value}, {value_id}, {with} and {without}: all values of the account
    with this one, and without it. ``default``: what an account falls back to when a role is taken from it, where it
    must have one.
    """

    values: str = ""
    listed: str = ""
    of_account: Listing | None = None
    assignments: Listing | None = None
    value: str = "id"
    members: Listing | None = None
    member: str = "id"
    member_is: str = "id"
    all_members: bool = False
    directory: Listing | None = None
    id: str = "id"
    name: str = "name"
    grant: tuple[Call, ...] = ()
    revoke: tuple[Call, ...] = ()
    default: str = ""
    single: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Invitations:
    """Pending invitations, where they are no accounts yet. ``cancel`` takes one back: its {id} is the invitation's."""

    list: Listing = dataclasses.field(default_factory=Listing)
    account: AccountFields = dataclasses.field(default_factory=AccountFields)
    cancel: tuple[Call, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class RestSpec:
    """One REST interface.

    ``find``: field (id, external_id, email, username) -> a listing with that {field}; without one the whole list is
    read. What a listing returns is compared with what was asked for, so a search that finds more does no harm.
    ``error``: a JMESPath over every 2xx answer that gives a message where it is an error in disguise.
    ``throttled``: one that is true where that error means too many requests.
    ``requests_per_second``: the pace that the vendor allows.
    """

    list: Listing = dataclasses.field(default_factory=Listing)
    account: AccountFields = dataclasses.field(default_factory=AccountFields)
    find: t.Mapping[str, Listing] = dataclasses.field(default_factory=_none)
    create: tuple[Call, ...] = ()
    update: tuple[Call, ...] = ()
    suspend: tuple[Call, ...] = ()
    reactivate: tuple[Call, ...] = ()
    delete: tuple[Call, ...] = ()
    end_sessions: tuple[Call, ...] = ()
    transfer: tuple[Call, ...] = ()
    kinds: t.Mapping[str, Kind] = dataclasses.field(default_factory=_none)
    invitations: Invitations | None = None
    headers: t.Mapping[str, str] = dataclasses.field(default_factory=_none)
    error: str = ""
    throttled: str = ""
    requests_per_second: float = 0.0
