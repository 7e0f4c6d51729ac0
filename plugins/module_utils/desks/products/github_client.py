# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Issues in GitHub's REST API: what is asked for, and what its refusals mean."""

from __future__ import annotations

import re
import typing as t

from ...errors import AppError, Broken, NotFound, Refused, Throttled
from ...http import Answer, Session
from ...protocols.paging import Paging, read_pages
from ..service import Service

#: "acme/access#12", as GitHub itself writes it.
REFERENCE = re.compile(
    r"(?P<repository>[A-Za-z0-9][A-Za-z0-9_-]{0,60}/(?!\.{1,2}#)[A-Za-z0-9._-]{1,100})#(?P<number>[1-9][0-9]{0,9})"
)
NEEDS = "Issues: read and write of the repository (or the scope repo, of a classic token)"
_BY_LINK = Paging("link", size=100, size_param="per_page")
# "Otherwise, wait for at least one minute": where a secondary limit does not say how long.
# https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
_SECONDARY_WAIT = 60.0


class GitHubClient(Service):
    """A session, and who we are at GitHub. All methods raise AppErrors."""

    product = "GitHub"
    needs = NEEDS

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._us = ""

    def us(self, where: str) -> str:
        """Return the login of the token's own user."""
        if not self._us:
            self._us = str((self.get("user", where).body or {}).get("login") or "")
            if not self._us:
                raise Broken("GitHub does not say whose token it is", where=where)
        return self._us

    def meant(self, error: AppError) -> AppError:
        limited = re.search(r"secondary rate limit|abuse detection", error.message, re.IGNORECASE)
        if limited and isinstance(error, Refused) and error.details.get("status") == 403:
            return Throttled(error.message, retry_after=_SECONDARY_WAIT, where=error.where, status=403)
        return super().meant(error)

    def opened_by_us(self, repository: str, where: str) -> list[t.Any]:
        """Return all issues of a repository that the token's user has opened, in whatever state, the oldest first."""
        params = {"creator": self.us(where), "state": "all", "sort": "created", "direction": "asc"}
        return self._list(repository, params, where)

    def open_issues(self, repository: str, where: str) -> list[t.Any]:
        """Return everybody's open issues of a repository, the oldest first."""
        return self._list(repository, {"state": "open", "sort": "created", "direction": "asc"}, where)

    def newest(self, repository: str, down_to: int, where: str) -> dict[int, t.Any]:
        """Return everybody's issues of a repository by number, in whatever state, from the newest to that number."""
        params = {"state": "all", "sort": "created", "direction": "desc"}
        try:
            issues = self._list(repository, params, where, down_to)
        except Broken:  # one that is opened meanwhile moves the others to the next page
            issues = self._list(repository, params, where, down_to)
        return {int(issue["number"]): issue for issue in issues}

    def _list(self, repository: str, params: t.Mapping[str, t.Any], where: str, down_to: int = 0) -> list[t.Any]:
        path = f"repos/{repository}/issues"

        def fetch(url: str, page: t.Mapping[str, t.Any]) -> Answer:
            answer = self.get(url or path, where, None if url else {**params, **page})
            entries = answer.body if isinstance(answer.body, list) else []
            if any(int(entry.get("number") or 0) <= down_to for entry in entries):
                return Answer(answer.status, {}, answer.body)  # older ones are not needed
            return answer

        try:
            entries = read_pages(fetch, _BY_LINK, _entries, _identity, where)
        except NotFound:
            raise _not_shown(repository, where) from None
        return [entry for entry in entries if "pull_request" not in entry]

    def issue(self, repository: str, number: int, where: str) -> t.Any:
        """Return one issue, wherever it was transferred to; None for one that is not there any more.

        A transferred one is a 301 (which is followed), a deleted one a 410, where that may be known. Source:
        https://docs.github.com/en/rest/issues/issues#get-an-issue
        """
        try:
            body = self.get(f"repos/{repository}/issues/{number}", where).body
        except NotFound:
            self._check(repository, where)
            return None
        except Refused as error:
            if error.details.get("status") == 410:
                return None
            raise
        if not isinstance(body, dict) or "number" not in body:
            raise Broken("expected an issue in GitHub's answer", where=where)
        return None if "pull_request" in body else body

    def _check(self, repository: str, where: str) -> None:
        """Tell an issue that is not there, which is rare (a deleted one is a 410), from one that may not be seen."""
        try:
            self.get(f"repos/{repository}/issues", where, {"per_page": 1})
        except NotFound:
            raise _not_shown(repository, where) from None

    def comments(self, path: str, where: str) -> list[t.Any]:
        """Return the comments of an issue, the oldest first."""

        def fetch(url: str, page: t.Mapping[str, t.Any]) -> Answer:
            return self.get(url or f"{path}/comments", where, None if url else page)

        return read_pages(fetch, _BY_LINK, _entries, _identity, where)

    def may_be_assigned(self, repository: str, login: str, where: str) -> bool:
        """Return whether issues of a repository may be given to somebody.

        Source: https://docs.github.com/en/rest/issues/assignees#check-if-a-user-can-be-assigned
        """
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,60}", login):
            return False
        try:
            self.get(f"repos/{repository}/assignees/{login}", where)
        except NotFound:
            return False
        return True


def repository_of(issue: t.Any) -> str:
    """Return the repository of an issue, which says it as an address: https://api.github.com/repos/acme/access."""
    return "/".join(str(issue.get("repository_url") or "").split("/")[-2:])


def _not_shown(repository: str, where: str) -> Refused:
    """GitHub says 404, too, of what the token may not see."""
    return Refused(
        f"GitHub shows no repository {repository}; this needs {NEEDS}",
        where=where,
        todo="Look at its name, at what the token may see, and at whether single sign-on authorized it",
        status=404,
    )


def _entries(body: t.Any) -> t.Any:
    return body


def _identity(entry: t.Any) -> str:
    return str(entry.get("id") or "")
