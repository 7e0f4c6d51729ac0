# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Issues of a GitLab project as tickets."""

from __future__ import annotations

import collections
import datetime as dt
import typing as t

from ...errors import Broken, NotFound, PolicyError
from ...model import DeskSettings
from ...protocols.options import HTTP_OPTIONS
from ..contract import Desk, Letter, Reply, Ticket
from ..markdown import fenced, title, unfenced
from ..marks import marked, task_in
from ..moments import moment
from ..saying import was_said
from .gitlab_client import REFERENCE, GitLabClient, path_of
from .gitlab_people import GitLabPeople
from .gitlab_uploads import files_in

_LABEL = "rollcall"
_LONGEST_TITLE = 255


class GitLabIssuesDesk(Desk):
    """Issues of GitLab, on gitlab.com or one's own.

    Ours are those that the token's own user has opened and that carry a task's id out of sight below the text; GitLab
    lists them over all projects. GitLab has the states opened and closed: a word like ``closed:declined`` means closed
    with the label ``declined``. Issues are confidential, since they name people. Texts are blocks of code, so that
    nothing in them is markup, mentions anybody or is a command.

    Source: https://docs.gitlab.com/api/issues/ and https://docs.gitlab.com/api/notes/
    """

    type = "gitlab_issues"
    options: t.ClassVar[t.Mapping[str, str]] = {
        "token": "secret",
        "people": "optional",
        "confidential": "optional",
        "base_url": "optional",
        **HTTP_OPTIONS,
    }
    places: t.ClassVar[t.Mapping[str, str]] = {"project": "required"}
    states: t.ClassVar[t.Mapping[str, tuple[str, ...]]] = {
        "open": ("opened",),
        "done": ("closed",),
        "declined": ("closed:declined",),
        "cancelled": ("closed:cancelled",),
    }

    def __init__(self, settings: DeskSettings, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(settings, connection)
        session = self.options_given.session(sign_in=self.options_given.sign_in(), base_url="https://gitlab.com/api/v4")
        self.confidential = self.options_given.flag("confidential", True)
        self.client = GitLabClient(session)
        self.people = GitLabPeople(self.client, self.options_given.mapping("people"))

    # finding

    def find(self, tasks: t.Collection[str]) -> t.Iterator[Ticket]:
        where = self.where("find")
        wanted = set(tasks)
        if not wanted:
            return
        self.client.check(self.settings.place.get("project", ""), where)
        issues = self.client.opened_by_us(where)
        there = {issue.get("id") for issue in issues}
        for issue in issues:
            # one that was moved is here twice, where it was and where it is
            if _task_of(issue) in wanted and issue.get("moved_to_id") not in there:
                yield self._ticket(issue, where)

    def open(self, letter: Letter) -> Ticket:
        where = self.where("open", f"task {letter.task}")
        project = {**self.settings.place, **letter.place}.get("project", "")
        if not project.strip("/. "):
            raise PolicyError("there is no project", where=where, todo="Name it like acme/access, under place")
        body: dict[str, t.Any] = {
            "title": title(letter.title, _LONGEST_TITLE),
            "description": marked(fenced(letter.text), letter.task),
            "confidential": self.confidential,
            "labels": _LABEL,
            "due_date": letter.due.astimezone(dt.timezone.utc).date().isoformat(),
        }
        assignee = self.people.id_of(letter.owner, where)
        if assignee:
            body["assignee_ids"] = [assignee]
        return self._ticket(self.client.write("POST", f"{path_of(project)}/issues", body, where), where)

    # reading

    def read(self, references: t.Collection[str]) -> dict[str, Ticket]:
        where = self.where("read")
        wanted: dict[str, dict[int, str]] = collections.defaultdict(dict)
        for reference in references:
            parts = REFERENCE.fullmatch(reference)
            if parts:
                wanted[parts["project"]][int(parts["iid"])] = reference
        found: dict[str, t.Any] = {}
        for project, numbers in wanted.items():
            issues = self.client.issues(project, sorted(numbers), where)
            found |= {numbers[number]: issue for number, issue in issues.items()}
        if any(issue.get("moved_to_id") for issue in found.values()):
            ours = {issue["id"]: issue for issue in self.client.opened_by_us(where)}
            found = {reference: _moved(issue, ours) for reference, issue in found.items()}
        return {reference: self._ticket(issue, where) for reference, issue in found.items()}

    def _there(self, reference: str, where: str) -> tuple[str, Ticket]:
        """Return the path of an issue and what it is now; it may have been moved since."""
        ticket = self.read([reference]).get(reference)
        parts = REFERENCE.fullmatch(ticket.reference) if ticket is not None else None
        if ticket is None or parts is None:
            raise NotFound("there is no such issue", where=where)
        return f"{path_of(parts['project'])}/issues/{parts['iid']}", ticket

    def _ticket(self, issue: t.Any, where: str) -> Ticket:
        reference = str((issue.get("references") or {}).get("full") or "")
        if not REFERENCE.fullmatch(reference):
            raise Broken("an issue came without its full reference", where=where)
        author = issue.get("author") or {}
        ours = author.get("username") == self.client.us(where)
        body, name = issue.get("description") or "", issue.get("title") or ""
        assignees = issue.get("assignees") or []
        labels = sorted(issue.get("labels") or [])
        return Ticket(
            reference=reference,
            task=task_in(body, name) if ours else "",
            state=self._state(issue.get("state") or "", labels, issue),
            title=name,
            text=unfenced(body) if ours else body,
            place=reference.partition("#")[0],
            assignee=self.people.address_of(assignees[0], where) if assignees else "",
            requester="" if ours or issue.get("state") != "opened" else self.people.address_of(author, where),
            changed_by=self.people.address_of(issue.get("closed_by"), where),
            link=issue.get("web_url") or "",
            version=f"{issue.get('updated_at')} {issue.get('user_notes_count')} {','.join(labels)}",
        )

    def _state(self, state: str, labels: t.Sequence[str], issue: t.Any) -> str:
        if issue.get("moved_to_id"):
            return "moved"  # where we cannot see it: somebody has to look
        has = {label.casefold() for label in labels}
        for words in self.state_map.values():
            for word in words:
                base, colon, label = word.partition(":")
                if colon and base.casefold() == state and label.casefold() in has:
                    return word
        return state

    def replies(self, reference: str) -> tuple[Reply, ...]:
        where = self.where("replies", reference)
        parts = REFERENCE.fullmatch(reference)
        if not parts:
            raise NotFound("there is no such issue", where=where)
        path = f"{path_of(parts['project'])}/issues/{parts['iid']}"
        notes = self.client.entries(f"{path}/notes", {"sort": "asc", "order_by": "created_at"}, where)
        return tuple(
            self._reply(note, path, where)
            for note in notes
            if not note.get("system") and (note.get("author") or {}).get("username") != self.client.us(where)
        )

    def said(self, reference: str) -> tuple[str, ...]:
        where = self.where("said", reference)
        path, _ticket = self._there(reference, where)
        return self._ours(path, where)

    def _ours(self, path: str, where: str) -> tuple[str, ...]:
        notes = self.client.entries(f"{path}/notes", {"sort": "asc", "order_by": "created_at"}, where)
        us = self.client.us(where)
        return tuple(
            unfenced(note.get("body") or "")
            for note in notes
            if not note.get("system") and (note.get("author") or {}).get("username") == us
        )

    def _reply(self, note: t.Any, path: str, where: str) -> Reply:
        project = path.rpartition("/issues/")[0]
        text, files = files_in(note.get("body") or "", project, self.client, where)
        by = self.people.address_of(note.get("author"), where)
        return Reply(str(note["id"]), by, text, moment(note.get("created_at")), files)

    def requested(self) -> t.Iterator[Ticket]:
        project = self.settings.requests.get("project", "")
        if project:
            where = self.where("requested")
            self.client.check(project, where)
            params = {"state": "opened", "scope": "all", "order_by": "created_at", "sort": "asc"}
            us = self.client.us(where)
            for issue in self.client.entries(f"{path_of(project)}/issues", params, where):
                if (issue.get("author") or {}).get("username") != us:
                    yield self._ticket(issue, where)

    # writing

    def comment(self, reference: str, text: str) -> None:
        where = self.where("comment", reference)
        self._note(self._there(reference, where)[0], text, where)

    def _note(self, path: str, text: str, where: str) -> None:
        self.client.write("POST", f"{path}/notes", {"body": fenced(text)}, where)

    def reassign(self, reference: str, owner: str) -> bool:
        where = self.where("reassign", reference)
        path, _ticket = self._there(reference, where)
        id = self.people.id_of(owner, where)
        if not id:
            return False
        issue = self.client.write("PUT", path, {"assignee_ids": [id]}, where)
        # who may not see the issue is left out, and GitLab says nothing
        return id in {one.get("id") for one in issue.get("assignees") or ()}

    def close(self, reference: str, meaning: str, text: str) -> None:
        where = self.where("close", reference)
        path, ticket = self._there(reference, where)
        state = self.state_for(meaning)
        if self.meaning(ticket) == meaning or ticket.state == state:
            return
        label = state.partition(":")[2]
        body = {"state_event": "close", **({"add_labels": label} if label else {})}
        if not was_said(text, self._ours(path, where)):  # or a run died before it could close the issue
            self._note(path, text, where)
        self.client.write("PUT", path, body, where)

    def reopen(self, reference: str, text: str) -> None:
        where = self.where("reopen", reference)
        path, ticket = self._there(reference, where)
        if self.meaning(ticket) != "open":
            ended = [word.partition(":")[2] for words in self.state_map.values() for word in words]
            labels = ",".join(label for label in ended if label)
            body = {"state_event": "reopen", **({"remove_labels": labels} if labels else {})}
            self.client.write("PUT", path, body, where)
        self._note(path, text, where)

    def close_session(self) -> None:
        self.client.session.close()


def _task_of(issue: t.Any) -> str:
    return task_in(issue.get("description") or "", issue.get("title") or "")


def _moved(issue: t.Any, ours: t.Mapping[t.Any, t.Any]) -> t.Any:
    """Return what an issue became, where it was moved and that can be seen."""
    for _unused in range(20):
        following = ours.get(issue.get("moved_to_id"))
        if following is None:
            break
        issue = following
    return issue
