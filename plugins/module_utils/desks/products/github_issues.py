# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Issues of a GitHub repository as tickets."""

from __future__ import annotations

import collections
import typing as t

from ...errors import NotFound, PolicyError, Transient
from ...model import DeskSettings
from ...protocols.options import HTTP_OPTIONS
from ..contract import Desk, Letter, Reply, Ticket
from ..logins import Logins
from ..markdown import fenced, title, unfenced
from ..marks import marked, task_in
from ..moments import moment
from ..saying import was_said
from .github_client import REFERENCE, GitHubClient, repository_of

_LABEL = "rollcall"
_LONGEST_TITLE = 256
_LONGEST_TEXT = 60_000  # GitHub takes 65,536 characters
# From so many on, a repository's issues are listed, which takes one request for a hundred.
_MANY = 6


class GitHubIssuesDesk(Desk):
    """Issues of GitHub, or GitHub Enterprise Server.

    Ours are those that the token's own user has opened and that carry a task's id out of sight below the text; GitHub
    lists by who opened one. An issue is closed as completed or as not planned, which is done and declined. Texts are
    blocks of code, so that nothing in them is markup, mentions anybody or links anything. Issues have no time by which
    they are due, and their files cannot be read with a token.

    Source: https://docs.github.com/en/rest/issues/issues and https://docs.github.com/en/rest/issues/comments
    """

    type = "github_issues"
    options: t.ClassVar[t.Mapping[str, str]] = {
        "token": "secret",
        "people": "optional",
        "base_url": "optional",
        **HTTP_OPTIONS,
    }
    places: t.ClassVar[t.Mapping[str, str]] = {"repository": "required"}
    states: t.ClassVar[t.Mapping[str, tuple[str, ...]]] = {
        "open": ("open",),
        "done": ("completed", "closed"),
        "declined": ("not_planned", "duplicate"),
    }

    def __init__(self, settings: DeskSettings, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(settings, connection)
        self.people = Logins(self.options_given.mapping("people"))
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        session = self.options_given.session(
            sign_in=self.options_given.sign_in(), base_url="https://api.github.com", headers=headers
        )
        self.client = GitHubClient(session)
        self._listed: set[str] = set()  # repositories in which we have looked for tasks already

    # finding

    def find(self, tasks: t.Collection[str]) -> t.Iterator[Ticket]:
        where = self.where("find")
        wanted = set(tasks)
        places = [place.get("repository", "") for place in (self.settings.place, self.settings.requests)]
        for repository in dict.fromkeys([*filter(None, places), *sorted(self._listed)]) if wanted else ():
            for ticket in self._ours(repository, where):
                if ticket.task in wanted:
                    yield ticket

    def _ours(self, repository: str, where: str) -> list[Ticket]:
        _checked(repository, where)
        issues = self.client.opened_by_us(repository, where)
        self._listed.add(repository)
        return [self._ticket(issue, where) for issue in issues]

    def open(self, letter: Letter) -> Ticket:
        where = self.where("open", f"task {letter.task}")
        repository = _checked({**self.settings.place, **letter.place}.get("repository", ""), where)
        if repository not in self._listed:
            # an app's own repository, where ``find`` did not know to look
            for ticket in self._ours(repository, where):
                if ticket.task == letter.task:
                    return ticket
        body: dict[str, t.Any] = {
            "title": title(letter.title, _LONGEST_TITLE),
            "body": marked(_block(letter.text), letter.task),
            "labels": [_LABEL],
        }
        login = self._assignable(repository, letter.owner, where)
        if login:
            body["assignees"] = [login]
        try:
            answer = self.client.write("POST", f"repos/{repository}/issues", body, where)
        except Transient:
            self._listed.discard(repository)  # it may be there
            raise
        return self._ticket(answer, where)

    def _assignable(self, repository: str, owner: str, where: str) -> str:
        login = self.people.login(owner)
        return login if login and self.client.may_be_assigned(repository, login, where) else ""

    # reading

    def read(self, references: t.Collection[str]) -> dict[str, Ticket]:
        where = self.where("read")
        wanted: dict[str, dict[int, str]] = collections.defaultdict(dict)
        for reference in references:
            parts = REFERENCE.fullmatch(reference)
            if parts:
                wanted[parts["repository"]][int(parts["number"])] = reference
        found: dict[str, Ticket] = {}
        for repository, numbers in wanted.items():
            issues: dict[int, t.Any] = {}
            if len(numbers) >= _MANY:
                issues = self.client.newest(repository, min(numbers), where)
            for number, reference in numbers.items():
                issue = issues.get(number)
                if issue is None or (issue.get("state") == "closed" and not issue.get("closed_by")):
                    # it is not listed, or the list does not say who closed it, which no documentation promises
                    issue = self.client.issue(repository, number, where)
                if issue is not None:
                    found[reference] = self._ticket(issue, where)
        return found

    def _there(self, reference: str, where: str) -> tuple[str, Ticket]:
        """Return the path of an issue and what it is now; it may have been transferred since."""
        parts = REFERENCE.fullmatch(reference)
        issue = self.client.issue(parts["repository"], int(parts["number"]), where) if parts else None
        if issue is None:
            raise NotFound("there is no such issue", where=where)
        return f"repos/{repository_of(issue)}/issues/{issue['number']}", self._ticket(issue, where)

    def _ticket(self, issue: t.Any, where: str) -> Ticket:
        author = (issue.get("user") or {}).get("login") or ""
        ours = author.casefold() == self.client.us(where).casefold()
        repository = repository_of(issue)
        state = issue.get("state") or ""
        if state == "closed":
            state = issue.get("state_reason") or state
        assignees = [one["login"] for one in issue.get("assignees") or ()]
        body, name = issue.get("body") or "", issue.get("title") or ""
        return Ticket(
            reference=f"{repository}#{issue['number']}",
            task=task_in(body, name) if ours else "",
            state=state,
            title=name,
            text=unfenced(body) if ours else body,
            place=repository,
            assignee=self._address(assignees[0]) if assignees else "",
            requester="" if ours else self._address(author),
            changed_by=self._address((issue.get("closed_by") or {}).get("login") or ""),
            link=issue.get("html_url") or "",
            # GitHub tells times by the second
            version=f"{issue.get('updated_at')} {issue.get('comments')} {state}",
        )

    def _address(self, login: str) -> str:
        return self.people.address(login) or login

    def replies(self, reference: str) -> tuple[Reply, ...]:
        where = self.where("replies", reference)
        parts = REFERENCE.fullmatch(reference)
        if not parts:
            raise NotFound("there is no such issue", where=where)
        path = f"repos/{parts['repository']}/issues/{parts['number']}"
        us = self.client.us(where).casefold()
        return tuple(
            Reply(str(one["id"]), self._address(login), one.get("body") or "", moment(one.get("created_at")))
            for one in self.client.comments(path, where)
            for login in [(one.get("user") or {}).get("login") or ""]
            if login.casefold() != us
        )

    def said(self, reference: str) -> tuple[str, ...]:
        where = self.where("said", reference)
        path, _ticket = self._there(reference, where)
        return self._our_comments(path, where)

    def _our_comments(self, path: str, where: str) -> tuple[str, ...]:
        us = self.client.us(where).casefold()
        return tuple(
            unfenced(one.get("body") or "")
            for one in self.client.comments(path, where)
            if ((one.get("user") or {}).get("login") or "").casefold() == us
        )

    def requested(self) -> t.Iterator[Ticket]:
        repository = self.settings.requests.get("repository", "")
        if repository:
            where = self.where("requested")
            us = self.client.us(where).casefold()
            for issue in self.client.open_issues(_checked(repository, where), where):
                if ((issue.get("user") or {}).get("login") or "").casefold() != us:
                    yield self._ticket(issue, where)

    # writing

    def comment(self, reference: str, text: str) -> None:
        where = self.where("comment", reference)
        path, _ticket = self._there(reference, where)
        self.client.write("POST", f"{path}/comments", {"body": _block(text)}, where)

    def reassign(self, reference: str, owner: str) -> bool:
        where = self.where("reassign", reference)
        path, ticket = self._there(reference, where)
        login = self._assignable(ticket.place, owner, where)
        if not login:
            return False
        issue = self.client.write("PATCH", path, {"assignees": [login]}, where)
        # without the permission GitHub drops assignees, and says nothing
        return login.casefold() in {one["login"].casefold() for one in issue.get("assignees") or ()}

    def close(self, reference: str, meaning: str, text: str) -> None:
        where = self.where("close", reference)
        path, ticket = self._there(reference, where)
        state = self.state_for(meaning)
        if self.meaning(ticket) == meaning or ticket.state == state:
            return
        if not was_said(text, self._our_comments(path, where)):  # or a run died before it could close the issue
            self.client.write("POST", f"{path}/comments", {"body": _block(text)}, where)
        body = {"state": "closed"} if state in ("", "closed") else {"state": "closed", "state_reason": state}
        self.client.write("PATCH", path, body, where)

    def reopen(self, reference: str, text: str) -> None:
        where = self.where("reopen", reference)
        path, ticket = self._there(reference, where)
        if ticket.state != "open":
            self.client.write("PATCH", path, {"state": "open"}, where)
        self.client.write("POST", f"{path}/comments", {"body": _block(text)}, where)

    def close_session(self) -> None:
        self.client.session.close()


def _block(text: str) -> str:
    return fenced(text, _LONGEST_TEXT)


def _checked(repository: str, where: str) -> str:
    if not REFERENCE.fullmatch(f"{repository}#1"):
        raise PolicyError(f"{repository!r} is no repository", where=where, todo="Name it like acme/access")
    return repository
