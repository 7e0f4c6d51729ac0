# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carrying out what a REST specification says: reading a listing to its end, sending a call."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import re
import typing as t
import urllib.parse

from ..errors import AppError, Broken, NotFound, PolicyError, Refused, Throttled
from ..http import Answer, Session
from ..http_pace import wait_asked_for
from ..libraries import library
from .paging import next_link, read_pages
from .placeholders import Values, filled, filled_path, placeholders_in
from .rest_spec import Call, Listing

jmespath = library("jmespath")

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@functools.lru_cache(maxsize=1024)
def compiled(expression: str) -> t.Any:
    """Return a JMESPath expression, ready for ``search``. Raises PolicyError for one that cannot be read."""
    try:
        return jmespath.compile(expression)
    except (jmespath.exceptions.JMESPathError, RecursionError) as error:
        raise PolicyError(f"{expression!r} is no JMESPath: {' '.join(str(error).split())}") from None


def search(expression: str, data: t.Any) -> t.Any:
    """Return what an expression finds in ``data``; None where it finds nothing or does not fit what is there."""
    return finder(expression)(data)


@functools.lru_cache(maxsize=1024)
def finder(expression: str) -> t.Callable[[t.Any], t.Any]:
    """Return ``search`` for one expression. Raises PolicyError, when it is used, for one that cannot be read.

    Most are the name of a field, and there are many records: a name is looked up without JMESPath.
    """
    if _NAME.fullmatch(expression):
        return lambda data: data.get(expression) if isinstance(data, dict) else None

    def find(data: t.Any) -> t.Any:
        try:
            return compiled(expression).search(data, _options())
        except jmespath.exceptions.JMESPathError:  # a function that was given something it does not take
            return None

    return find


@functools.lru_cache(maxsize=1)
def _options() -> t.Any:
    """Return what JMESPath knows here besides the standard: split(text, separator), for a name within an address.

    The standard has ``join`` and no ``split``: https://github.com/jmespath/jmespath.py/issues/159
    """
    functions = jmespath.functions

    # the library is imported at its first use, so that mypy cannot know what is inherited from
    class Functions(functions.Functions):  # type: ignore[name-defined]
        @functions.signature({"types": ["string"]}, {"types": ["string"]})
        def _func_split(self, text: str, separator: str) -> list[str]:
            return text.split(separator) if separator else list(text)

    return jmespath.Options(custom_functions=Functions())


class RestClient:
    """One session and what its interface does in common. ``error`` and ``throttled`` as in RestSpec."""

    def __init__(self, session: Session, error: str = "", throttled: str = "") -> None:
        self.session = session
        self._error = error
        self._throttled = throttled

    def read(self, listing: Listing, values: Values, where: str, identity: str = "") -> list[t.Any]:
        """Return every entry of a listing. ``identity``: the JMESPath of what no two entries share.

        Raises NotFound where the app says 404, and the other AppErrors.
        """
        with _meanings(where):
            path = _path(listing.path, values, where)
            only = {expression: str(filled(text, values) or "") for expression, text in listing.only.items()}

        def fetch(url: str, page: t.Mapping[str, t.Any]) -> Answer:
            params, body = _parameters(listing, values), filled(listing.body, values)
            if listing.paging.in_body:
                body = with_fields(body or {}, page)
            else:
                params |= page
            place = _next_place(url, path, self.session.base_url) if url else path
            answer = self._request(
                listing.method, place, listing, values, where, params=None if url else params, body=body
            )
            if identity and listing.paging.style == "none" and next_link(answer.headers):
                todo = "Say under `paging` how it goes on"
                raise Broken(
                    "the list has a next page, and nothing says that it comes in pages", where=where, todo=todo
                )
            return answer

        def items(body: t.Any) -> t.Any:
            found = search(listing.items, body)
            return [found] if isinstance(found, t.Mapping) else found

        def key(entry: t.Any) -> str:
            found = search(identity, entry) if identity else None
            return "" if found is None else str(found)

        with _meanings(where):
            entries = read_pages(fetch, listing.paging, items, key, where)
        return [e for e in entries if all(_finds(x, e, wanted) for x, wanted in only.items())]

    def send(self, calls: t.Sequence[Call], values: Values, where: str) -> tuple[bool, t.Any]:
        """Send calls one after the other. Return whether anything was changed, and the last call's answer.

        Raises the AppErrors; a call that fails ends the row, with ``details["sent"]`` where an earlier one changed
        something. So does an ``each`` whose list is not there: only a
        call to which 404 means that it was so already takes that for an empty list.
        """
        changed, body = False, None
        try:
            for call in calls:
                for more in self._items(call, values, where):
                    done, body = self._send(call, {**values, **more}, where)
                    changed = changed or done
        except AppError as error:
            if changed:
                error.details["sent"] = True
            raise
        return changed, body

    def _items(self, call: Call, values: Values, where: str) -> list[Values]:
        """Return what is to be added to the values each time that a call is sent: once, or for each of a list."""
        if call.each is None:
            return [{}]
        try:
            return [{"item": item} for item in self.read(call.each, values, where)]
        except NotFound:
            if 404 not in call.already:
                raise
            return []

    def _send(self, call: Call, values: Values, where: str) -> tuple[bool, t.Any]:
        with _meanings(where):
            path, body = _path(call.path, values, where), filled(call.body, values)
            params = _parameters(call, values)
        more: dict[str, t.Any] = {"form": body} if call.form else {"body": body}
        try:
            answer = self._request(call.method, path, call, values, where, params=params, expect_json=False, **more)
        except AppError as error:
            status = error.details.get("status")
            if status in call.done:
                return True, error.answer
            if status in call.already or (call.already_when and search(call.already_when, error.answer)):
                return False, error.answer
            raise
        return True, answer.body

    def _request(
        self, method: str, path: str, what: Listing | Call, values: Values, where: str, **more: t.Any
    ) -> Answer:
        headers = {name: str(filled(text, values)) for name, text in what.headers.items()}
        try:
            answer = self.session.request(
                method, path, where=where, headers=headers, read_only=isinstance(what, Listing), **more
            )
        except Refused as error:
            if error.details.get("status") == 403 and what.scope:
                error.message = f"{error.message.rstrip('. ')}; this needs {what.scope}"
            raise
        message = search(self._error, answer.body) if self._error and answer.body is not None else None
        if message and self._throttled and search(self._throttled, answer.body):
            wait = wait_asked_for(answer.headers, dt.datetime.now(dt.timezone.utc))
            raise Throttled(f"too many requests: {self._said(message)}", retry_after=wait, where=where)
        if message:
            refused = Refused(
                f"the app answered {answer.status} with an error in the body: {self._said(message)}", where=where
            )
            refused.answer = answer.body
            raise refused
        return answer

    def _said(self, message: t.Any) -> str:
        text = self.session.redact(message if isinstance(message, str) else str(message))
        return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:300]


def one_record(body: t.Any, expression: str, where: str) -> t.Mapping[str, t.Any] | None:
    """Return the record that an answer holds, None where it has none. Raises Broken for something else."""
    found = search(expression, body)
    if isinstance(found, list):
        found = found[0] if len(found) == 1 else None
    if found is not None and not isinstance(found, t.Mapping):
        raise Broken(f"expected a record at {expression!r}, found {type(found).__name__}", where=where)
    return found


def with_fields(body: t.Mapping[str, t.Any], fields: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return a JSON body with more fields; ``variables.after`` is a field of the object ``variables``."""
    merged = dict(body)
    for name, value in fields.items():
        first, dot, rest = name.partition(".")
        merged[first] = with_fields(merged.get(first) or {}, {rest: value}) if dot else value
    return merged


def _finds(expression: str, entry: t.Any, wanted: str) -> bool:
    found = search(expression, entry)
    texts = [str(one).lower() if isinstance(one, bool) else str(one) for one in _listed(found)]
    return wanted in texts


def _listed(found: t.Any) -> list[t.Any]:
    return found if isinstance(found, list) else [found]


@contextlib.contextmanager
def _meanings(where: str) -> t.Iterator[None]:
    """Put into words that a specification names something in a placeholder that there is not."""
    try:
        yield
    except KeyError as error:
        raise Broken(
            f"the specification has the placeholder {error}, which has no meaning there", where=where
        ) from None


def _path(path: str, values: Values, where: str) -> str:
    """Return a path with its values. An empty one is Broken: /users/{id} without an id is the address of all users."""
    for name, _which in placeholders_in(path.partition("?")[0]):
        if filled(f"{{{name}}}", values) is None:
            raise Broken(f"the address {path!r} needs {{{name}}}, which is empty here", where=where)
    return filled_path(path, values)


def _next_place(url: str, path: str, base_url: str) -> str:
    """Return the address of a next page. A relative one is of the page that names it (RFC 3986), or below base_url."""
    if url.startswith("?"):
        return path.partition("?")[0] + url
    base = urllib.parse.urlsplit(base_url)
    if base.path.strip("/") and url.startswith(f"{base.path.rstrip('/')}/"):
        return f"{base.scheme}://{base.netloc}{url}"
    return url


def _parameters(what: Listing | Call, values: Values) -> dict[str, t.Any]:
    parameters = dict(filled(what.params, values) or {}) if what.params else {}
    # YAML's true and false, as interfaces spell them
    return {k: str(v).lower() if isinstance(v, bool) else v for k, v in parameters.items()}
