# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of Jira's REST interface that a desk needs, in its two dialects: Cloud (version 3) and Data Center (2).

Source: https://developer.atlassian.com/cloud/jira/platform/rest/v3/
Source: https://docs.atlassian.com/software/jira/docs/api/REST/9.17.0/
"""

from __future__ import annotations

import contextlib
import itertools
import typing as t
import urllib.parse

from ...errors import AppError, Broken, NotFound, Refused
from ...http import Session

Issue = t.Mapping[str, t.Any]
Person = t.Mapping[str, t.Any]

#: What a desk asks for, by Jira's own names: key -> what Jira's pages call it.
PERMISSIONS: t.Mapping[str, str] = {
    "BROWSE_PROJECTS": "Browse projects",
    "CREATE_ISSUES": "Create issues",
    "EDIT_ISSUES": "Edit issues",
    "ASSIGN_ISSUES": "Assign issues",
    "ADD_COMMENTS": "Add comments",
    "TRANSITION_ISSUES": "Transition issues",
}
_GIVE = f"Give the user of the token these permissions in the project: {', '.join(PERMISSIONS.values())}"


class JiraApi:
    """What both dialects have in common. ``where`` begins every error."""

    version: t.ClassVar[str]
    #: how a person is named: in what is read, and in what is written
    person_key: t.ClassVar[str]
    #: the parameter of the search for people
    person_query: t.ClassVar[str]
    #: whether the search may not know yet what was written a moment ago
    lags: t.ClassVar[bool] = False

    def __init__(self, session: Session, page_size: int = 100) -> None:
        self.session = session
        self.page_size = page_size
        self._me: Person | None = None

    def text(self, plain: str) -> t.Any:
        """Return plain text as a description or a comment is sent."""
        raise NotImplementedError

    def plain(self, sent: t.Any) -> str:
        """Return a description or a comment as plain text."""
        raise NotImplementedError

    # requests

    def call(self, method: str, path: str, where: str, **more: t.Any) -> t.Any:
        """Send one request below the interface and return its body; add Jira's own words to a refusal."""
        path = path if path.startswith("rest/") else f"rest/api/{self.version}/{path}"
        try:
            return self.session.request(method, path, where=where, **more).body
        except AppError as error:
            said = self._said(error.answer)
            if said and said not in error.message:
                error.message = f"{error.message.rstrip('. ')}: {said}"
            raise

    def get(self, path: str, where: str, **params: t.Any) -> t.Any:
        found = self.call("GET", path, where, params=params)
        if not isinstance(found, dict | list):
            raise Broken(f"expected an object or a list, found {type(found).__name__}", where=where)
        return found

    def query(self, path: str, where: str, body: t.Mapping[str, t.Any]) -> t.Mapping[str, t.Any]:
        """Send a POST that only reads."""
        found = self.call("POST", path, where, body=body, read_only=True)
        if not isinstance(found, dict):
            raise Broken(f"expected an object, found {type(found).__name__}", where=where)
        return found

    def _said(self, answer: t.Any) -> str:
        """Return what stands in ``errorMessages`` and ``errors``, or in a Service Management ``errorMessage``."""
        if not isinstance(answer, dict):
            return ""
        errors = answer.get("errors")
        said = [*(answer.get("errorMessages") or []), answer.get("errorMessage")]
        said += [f"{name}: {text}" for name, text in errors.items()] if isinstance(errors, dict) else []
        text = self.session.redact("; ".join(str(one) for one in said if one))
        return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:300]

    # permissions

    def may(self, permission: str, where: str, **at: str) -> bool:
        """Say whether we have a permission at a project (``projectKey``) or ticket (``issueKey``)."""
        asked = {"permissions": permission} if self.version == "3" else {}
        found = self.get("mypermissions", where, **asked, **at)
        one = found.get("permissions", {}).get(permission) if isinstance(found, dict) else None
        return isinstance(one, dict) and one.get("havePermission") is True

    def _may_or_gone(self, permission: str, where: str, **at: str) -> bool:
        """As ``may``; a ticket that is not there is not for lack of a permission."""
        try:
            return self.may(permission, where, **at)
        except NotFound:
            return True

    def must_see(self, project: str, where: str) -> None:
        """Raise Refused where a project cannot be seen: what is in it must not be taken for deleted."""
        try:
            seen = self.may("BROWSE_PROJECTS", where, projectKey=project)
        except NotFound:
            seen = False
        if not seen:
            what = f'the project "{project}" is not there, or its permission Browse projects is missing'
            raise Refused(what, where=where, todo=_GIVE)

    @contextlib.contextmanager
    def needing(self, permission: str, where: str, **at: str) -> t.Iterator[None]:
        """Name the permission when a write is refused for the lack of it: Jira answers with 400, 403 or 404 then."""
        try:
            yield
        except (Refused, NotFound) as error:
            if "projectKey" in at and error.details.get("status") in (400, 403, 404):
                self.must_see(at["projectKey"], where)
            if error.details.get("status") not in (400, 403, 404) or self._may_or_gone(permission, where, **at):
                raise
            raise Refused(
                f"{error.message.rstrip('. ')}; the permission {PERMISSIONS[permission]} is missing",
                where=where,
                todo=_GIVE,
                status=error.details["status"],
            ) from None

    # people

    def me(self, where: str) -> Person:
        """Return who we are. Asked once; an anonymous answer (credentials that have expired) is Refused by Jira."""
        if self._me is None:
            found = self.get("myself", where)
            if not isinstance(found, dict) or not found.get(self.person_key):
                raise Broken(f"expected {self.person_key} of the user who signs in", where=where)
            self._me = found
        return self._me

    def is_me(self, person: t.Any, where: str) -> bool:
        return isinstance(person, dict) and person.get(self.person_key) == self.me(where)[self.person_key]

    def person(self, address: str, path: str, where: str, **at: str) -> str:
        """Return the id of the one person of an address; empty where there is none. Jira matches beginnings, and hides
        the addresses of people who want it so: who is found alone by a whole address is taken then."""
        address = address.strip().casefold()
        if "@" not in address or any(c.isspace() for c in address):
            return ""
        found = self.get(path, where, **{self.person_query: address}, maxResults="50", **at)
        people = [one for one in found if isinstance(one, dict) and one.get(self.person_key)]
        named = [one for one in people if str(one.get("emailAddress") or "").casefold() == address]
        if not named and len(people) == 1 and not people[0].get("emailAddress"):
            named = people
        return str(named[0][self.person_key]) if len(named) == 1 else ""

    def assign(self, key: str, person: str, where: str) -> None:
        with self.needing("ASSIGN_ISSUES", where, issueKey=key):
            self.call("PUT", f"issue/{quoted(key)}/assignee", where, body={self.person_key: person}, expect_json=False)

    # tickets

    def issue(self, key: str, where: str, fields: t.Sequence[str]) -> Issue:
        """Return one, also by a key that it had before it was moved."""
        found = self.get(f"issue/{quoted(key)}", where, fields=",".join(fields))
        if not isinstance(found, dict) or not found.get("key"):
            raise Broken("expected an issue with its key", where=where)
        return found

    def search(self, jql: str, where: str) -> list[str]:
        """Return the keys of all issues that a query finds; what was changed a moment ago may be missing."""
        raise NotImplementedError

    def newest(self, jql: str, where: str) -> str:
        """Return the first key of a query; empty for none."""
        raise NotImplementedError

    def fetch(self, keys: t.Sequence[str], where: str, fields: t.Sequence[str]) -> tuple[list[Issue], bool]:
        """Return issues as they are now, and whether the missing ones have to be asked for one by one."""
        raise NotImplementedError

    def status_changes(self, issues: t.Sequence[Issue], where: str) -> dict[str, Person]:
        """Return who last changed the status of each issue, by key."""
        raise NotImplementedError

    def paged(self, path: str, where: str, name: str, **params: str) -> list[t.Any]:
        """Return all entries of a list that is paged by startAt and total."""
        entries: list[t.Any] = []
        while True:
            page = self.get(path, where, startAt=str(len(entries)), maxResults="100", **params)
            found = page.get(name, page.get("values")) if isinstance(page, dict) else None
            if not isinstance(found, list) or not isinstance(page.get("total"), int):
                raise Broken(f"expected {name} and their total", where=where)
            if set(map(_id, found)) & set(map(_id, entries)):
                raise Broken(f"a page of {name} came twice", where=where)
            entries += found
            if len(entries) >= page["total"] or not found:
                return entries


def chunks(of: t.Sequence[str], size: int) -> t.Iterator[list[str]]:
    found = iter(of)
    while chunk := list(itertools.islice(found, size)):
        yield chunk


def quoted(key: str) -> str:
    return urllib.parse.quote(key, safe="")


def _id(entry: t.Any) -> str:
    return str(entry.get("id") or entry.get("fieldId") or id(entry)) if isinstance(entry, dict) else str(entry)


def keys_of(page: t.Mapping[str, t.Any], where: str) -> list[str]:
    issues = page.get("issues")
    if not isinstance(issues, list) or not all(isinstance(one, dict) and one.get("key") for one in issues):
        raise Broken("expected issues with their keys", where=where)
    return [str(one["key"]) for one in issues]


def taken(page: t.Mapping[str, t.Any], issues: dict[str, Issue], where: str) -> bool:
    """Add a page to ``issues``; return whether one of them was there already, by the key that it had before."""
    found = dict(zip(keys_of(page, where), page["issues"], strict=True))
    repeated = set(found) & set(issues)
    if len(found) > 1 and len(repeated) == len(found):
        raise Broken("a page of issues came twice", where=where)
    issues.update(found)
    return bool(repeated)
