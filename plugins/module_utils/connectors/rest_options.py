# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ``connection`` of an app with ``connector: rest``: what it may say, what is wrong with it, and its session."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..errors import PolicyError
from ..http import Session
from ..protocols.options import HTTP_OPTIONS, Options
from ..protocols.paging import STYLES, Paging
from ..protocols.placeholders import FILTERS, placeholders_in
from ..protocols.rest import compiled
from ..protocols.rest_auth import Auth
from ..protocols.rest_spec import AccountFields, Call, Invitations, Kind, Listing, RestSpec
from ..protocols.shaping import Path, Problem, shaped

_SPEC = tuple(field.name for field in dataclasses.fields(RestSpec))
_OWN = ("headers", "requests_per_second")  # HTTP options by the same names

REST_OPTIONS: t.Mapping[str, str] = {
    "base_url": "required",
    "auth": "optional",
    "token": "optional",
    **{name: "required" if name in ("list", "account") else "optional" for name in _SPEC},
    **HTTP_OPTIONS,
}

_ACCOUNT = ("username", "email", "external_id", "given_name", "family_name", "name")
#: What each part of a specification may name in its placeholders, besides ``option``.
_MEANING: t.Mapping[str, tuple[str, ...]] = {
    "list": (),
    "find": ("id", "external_id", "email", "username"),
    "create": (*_ACCOUNT, "role", "role_id", "item"),
    "update": ("id", "state", *_ACCOUNT, "new", "record", "item"),
    "transfer": ("id", "state", *_ACCOUNT, "to", "record", "item"),
    **dict.fromkeys(("suspend", "reactivate", "delete", "end_sessions"), ("id", "state", *_ACCOUNT, "record", "item")),
    "invitations": ("id", "state", *_ACCOUNT, "item"),
    "kinds": ("id", "state", *_ACCOUNT, "record", "item", "value", "value_id", "with", "without"),
}
#: What a listing of one kind may name: of what is read of all accounts at once, nothing of one account.
_LISTED_BY: t.Mapping[tuple[type, str], tuple[str, ...]] = {
    (Kind, "directory"): ("option",),
    (Kind, "assignments"): ("option",),
    (Kind, "members"): ("value", "value_id", "option"),
    (Kind, "of_account"): ("id", "email", "username", "record", "option"),
    (Invitations, "list"): ("option",),
}


def spec_of(app: str, connection: t.Mapping[str, t.Any]) -> RestSpec:
    """Return the specification that a catalog entry is. Raises PolicyError for the first thing that is wrong."""
    problems: list[Problem] = []
    spec = shaped_spec(connection, problems)
    problems = problems or problems_of(spec)
    if problems:
        first = problems[0]
        where = ".".join(str(part) for part in ("connection", *first.path))
        raise PolicyError(first.message, where=f"app {app}, {where}", todo=first.todo)
    return _with_pages(spec)


def _with_pages(spec: RestSpec) -> RestSpec:
    """Return a specification whose searches at the address of the list go on as the list does.

    A server that does not know the parameter of a search answers with everybody: the first page of them is not all.
    """
    find = {
        field: dataclasses.replace(listing, paging=spec.list.paging)
        if listing.path == spec.list.path and listing.paging == Paging()
        else listing
        for field, listing in spec.find.items()
    }
    return dataclasses.replace(spec, find=find)


def rest_problems(connection: t.Mapping[str, t.Any]) -> list[Problem]:
    """Return everything that is wrong with a ``connection``, as far as it can be known without asking the app."""
    problems: list[Problem] = []
    spec = shaped_spec(connection, problems)
    if "auth" in connection:
        shaped(Auth, connection["auth"], ("auth",), problems)
    try:
        return problems or problems_of(spec)
    except RecursionError:  # YAML can make a list an element of itself
        return [
            Problem((), "it is nested without an end", "Look for an alias (*name) within what it stands for (&name)")
        ]


def rest_session(options: Options, spec: RestSpec) -> Session:
    """Return the session of an app, signed in as ``auth`` says (or with ``token`` as a bearer token)."""
    return options.session(
        sign_in=options.sign_in(), headers=spec.headers, requests_per_second=spec.requests_per_second or None
    )


def shaped_spec(connection: t.Mapping[str, t.Any], problems: list[Problem]) -> RestSpec:
    """Return the specification that a ``connection`` is, as far as it is well formed; the rest is in ``problems``."""
    data = {name: connection[name] for name in _SPEC if connection.get(name) is not None and name not in _OWN}
    return shaped(RestSpec, data, (), problems)


def problems_of(spec: RestSpec) -> list[Problem]:
    """Return what is wrong with a specification in itself: expressions, placeholders, paging, missing fields."""
    problems: list[Problem] = []
    if not spec.list.path:
        problems.append(Problem(("list",), "`path` is missing: the address of the list of all accounts"))
    for part, meaning in _MEANING.items():
        if part != "find":
            _look(getattr(spec, part), (part,), (*meaning, "option"), problems)
    for field, listing in spec.find.items():
        _look(listing, ("find", field), (field, "option"), problems)
        if field not in _MEANING["find"]:
            todo = f"An account is found by: {', '.join(_MEANING['find'])}"
            problems.append(Problem(("find", field), f"nothing is found by {field!r}", todo))
        elif not getattr(spec.account, field):
            todo = f"Say under `account` where the answer has the {field}"
            problems.append(Problem(("find", field), f"`account` does not say what the {field} is", todo))
    if not (spec.account.email or spec.account.username or spec.account.external_id):
        problems.append(Problem(("account",), "none of email, username and external_id: no account would be anybody's"))
    for path, listing in ((("list",), spec.list), *((("find", field), one) for field, one in spec.find.items())):
        if listing.details and "id" not in spec.find:
            todo = "Say under `find.id` which request reads one account"
            problems.append(Problem((*path, "details"), "there is nothing to read the details with", todo))
    _look(spec.account, ("account",), (), problems)
    _expression(spec.error, ("error",), problems)
    _expression(spec.throttled, ("throttled",), problems)
    try:
        re.compile(spec.account.id_form)
    except (re.error, OverflowError, RecursionError) as error:
        problems.append(Problem(("account", "id_form"), f"{spec.account.id_form!r} is no regular expression: {error}"))
    for name, kind in spec.kinds.items():
        if not (kind.values or kind.of_account or kind.assignments or kind.members):
            todo = "Give values, of_account, assignments or members"
            problems.append(Problem(("kinds", name), "it does not say how to read who has it", todo))
    return problems


def _look(part: t.Any, path: Path, meaning: tuple[str, ...], problems: list[Problem]) -> None:
    """Look through one part of a specification, down to its expressions and texts."""
    if isinstance(part, t.Mapping):
        for key, value in part.items():
            _look(value, (*path, key), meaning, problems)
    elif isinstance(part, tuple):
        for number, value in enumerate(part):
            _look(value, (*path, number) if len(part) > 1 else path, meaning, problems)
    elif isinstance(part, Call | Listing):
        if not part.path:
            problems.append(Problem(path, "`path` is missing"))
        if isinstance(part, Listing) or part.each is None:
            meaning = tuple(word for word in meaning if word != "item")  # which is what ``each`` lists
        for name in ("path", "params", "body", "headers"):
            _placeholders(getattr(part, name), (*path, name), meaning, problems)
        if isinstance(part, Listing):
            _paging(part, (*path, "paging"), problems)
            _placeholders(part.only, (*path, "only"), meaning, problems)
            for expression in part.only:
                _expression(expression, (*path, "only", expression), problems)
            _expression(part.items, (*path, "items"), problems)
        else:
            _expression(part.already_when, (*path, "already_when"), problems)
            _expression(part.answer, (*path, "answer"), problems)
            _look(part.each, (*path, "each"), meaning, problems)
    elif isinstance(part, AccountFields | Kind | Invitations):
        for field in dataclasses.fields(part):
            value = getattr(part, field.name)
            if isinstance(value, str) and field.name not in ("default", "member_is", "id_form"):
                _expression(value, (*path, field.name), problems)
            elif field.name != "states":
                _look(value, (*path, field.name), _LISTED_BY.get((type(part), field.name), meaning), problems)


def _expression(expression: str, path: Path, problems: list[Problem]) -> None:
    try:
        if expression:
            compiled(expression)
    except PolicyError as error:
        problems.append(Problem(path, error.message, "See https://jmespath.org for how an expression is written"))


def _placeholders(template: t.Any, path: Path, meaning: tuple[str, ...], problems: list[Problem]) -> None:
    for name, which in placeholders_in(template):
        if name.partition(".")[0] not in meaning:
            todo = "Here there are: " + ", ".join(f"{{{word}}}" for word in meaning)
            problems.append(Problem(path, f"{{{name}}} has no meaning here", todo))
        if which and which not in FILTERS:
            problems.append(Problem(path, f"there is no filter {which!r}", f"The filters are: {', '.join(FILTERS)}"))


def _paging(listing: Listing, path: Path, problems: list[Problem]) -> None:
    paging = listing.paging
    if paging.style not in STYLES:
        todo = f"It is one of: {', '.join(STYLES)}"
        problems.append(Problem((*path, "style"), f"there is no paging {paging.style!r}", todo))
    if paging.style in ("cursor", "offset", "page") and not paging.param:
        problems.append(Problem(path, f"paging by {paging.style} needs `param`: the parameter that it is sent as"))
    if paging.style in ("cursor", "next_url") and not paging.next:
        problems.append(Problem(path, f"paging by {paging.style} needs `next`: where the answer has it (JMESPath)"))
    for name in ("next", "more", "total"):
        _expression(getattr(paging, name), (*path, name), problems)
