# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Issues in GitLab's REST API: what is asked for, and what its refusals mean."""

from __future__ import annotations

import re
import typing as t
import urllib.parse

from ...errors import Broken, NotFound, Refused
from ...http import Answer, Session
from ...protocols.paging import Paging, read_pages
from ..service import Service

#: "acme/it/access#12", as GitLab itself writes it.
REFERENCE = re.compile(r"(?P<project>[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_.-]+)+)#(?P<iid>[1-9][0-9]{0,9})")
NEEDS = "a token with the scope api, and the role Reporter in the project"
#: so many numbers go into one address
CHUNK = 100
_BY_LINK = Paging("link", size=100, size_param="per_page")


class GitLabClient(Service):
    """A session, and who we are at GitLab. All methods raise AppErrors."""

    product = "GitLab"
    needs = NEEDS

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._us: t.Mapping[str, t.Any] = {}

    def us(self, where: str) -> str:
        """Return the user name of the token's own user; of a project's or group's token, that of its bot."""
        if not self._us:
            body = self.get("user", where).body
            if not isinstance(body, dict) or not body.get("username"):
                raise Broken("GitLab does not say whose token it is", where=where)
            self._us = body
        return str(self._us["username"])

    def entries(self, path: str, params: t.Mapping[str, t.Any], where: str) -> list[t.Any]:
        """Return a list to its end."""

        def fetch(url: str, page: t.Mapping[str, t.Any]) -> Answer:
            return self.get(url or path, where, None if url else {**params, **page})

        return read_pages(fetch, _BY_LINK, lambda body: body, lambda entry: str(entry.get("id") or ""), where)

    def check(self, project: str, where: str) -> None:
        """Raise Refused where a project may not be seen: GitLab lists nothing of it then, without a word."""
        try:
            self.get(path_of(project), where)
        except NotFound:
            raise _not_shown(project, where) from None

    def opened_by_us(self, where: str) -> list[t.Any]:
        """Return all issues, of every project, that the token's user has opened, in whatever state."""
        params = {"scope": "created_by_me", "state": "all", "order_by": "created_at", "sort": "asc"}
        return self.entries("issues", params, where)

    def issues(self, project: str, numbers: t.Sequence[int], where: str) -> dict[int, t.Any]:
        """Return the issues of a project that have these numbers, by number."""
        found: dict[int, t.Any] = {}
        for start in range(0, len(numbers), CHUNK):
            asked = numbers[start : start + CHUNK]
            params = {"iids[]": asked, "state": "all", "scope": "all"}
            try:
                issues = self.entries(f"{path_of(project)}/issues", params, where)
            except NotFound:
                raise _not_shown(project, where) from None
            for issue in issues:
                if issue.get("iid") not in asked or issue["iid"] in found:
                    raise Broken(f"GitLab answers with issue {issue.get('iid')}, which was not asked for", where=where)
                found[issue["iid"]] = issue
        return found


def path_of(project: str) -> str:
    """Return the path of a project; its name goes in as one step.

    Source: https://docs.gitlab.com/api/rest/#namespaced-paths
    """
    return f"projects/{urllib.parse.quote(project, safe='')}"


def _not_shown(project: str, where: str) -> Refused:
    """GitLab says 404, too, of what the token may not see."""
    return Refused(
        f"GitLab shows no project {project}; this needs {NEEDS}",
        where=where,
        todo="Look at its name, and at whether the token's user is a member",
        status=404,
    )
