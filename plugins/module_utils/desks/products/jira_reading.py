# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jira as a desk, as far as it is read: what Jira's own desk and that of its Service Management have in common."""

from __future__ import annotations

import re
import typing as t

from ...errors import NotFound, Refused
from ...model import DeskSettings
from ...protocols.options import HTTP_OPTIONS
from ...protocols.sign_in import basic, bearer
from ..contract import Desk, Reply, Ticket
from .jira_api import Issue, JiraApi, chunks, quoted
from .jira_dialects import CloudApi, DataCenterApi
from .jira_tickets import FIELDS, KEY, TASK, fields_of, has_ended, label_of, replies_from, ticket_from

_ID = re.compile(r"customfield_[0-9]{1,12}", re.ASCII)
_WINDOW = 100  # keys that are asked for by themselves, because the search may not know them yet


class JiraReading(Desk):
    """Issues as tickets. How they are opened and written at is in the subclasses."""

    options: t.ClassVar[t.Mapping[str, str]] = {
        "base_url": "required",
        "token": "secret",
        "email": "optional",
        "api_version": "optional",
        "site_url": "optional",
        **HTTP_OPTIONS,
    }
    #: statuses, and resolutions of statuses that end
    states: t.ClassVar[t.Mapping[str, tuple[str, ...]]] = {
        "open": ("To Do", "Open", "Reopened", "Backlog", "Selected for Development", "In Progress", "In Review"),
        "done": ("Done", "Resolved", "Closed", "Completed"),
        "declined": (
            "Won't Do",
            "Declined",
            "Won't Fix",
            "Rejected",
            "Canceled",
            "Cancelled",
            "Cannot Reproduce",
            "Incomplete",
            "Duplicate",
        ),
    }
    #: whether the task's id at the end of the title is a mark of ours, too
    by_title: t.ClassVar[bool] = False

    def __init__(self, settings: DeskSettings, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(settings, connection)
        self.api = self._api()
        self.link = self.options_given.text("site_url", self.options_given.text("base_url")).rstrip("/") + "/browse/"
        ended = (*self.state_map.get("declined", ()), *self.state_map.get("cancelled", ()))
        self._resolutions = frozenset(word.casefold() for word in ended)
        self._open_words: set[str] = set()
        self._custom: dict[str, str] | None = None
        self._projects: set[str] = set()

    def _api(self) -> JiraApi:
        """An API token goes with the address of its user (Cloud); a personal access token alone (Data Center).

        Sources: https://developer.atlassian.com/cloud/jira/platform/basic-auth-for-rest-apis/,
        https://confluence.atlassian.com/enterprise/using-personal-access-tokens-1026032365.html
        """
        email, token = self.options_given.text("email").strip(), self.options_given.text("token").strip()
        version = self.options_given.choice("api_version", ("2", "3"), "3" if email else "2")
        sign_in = basic(email, token) if email else bearer(token)
        session = self.options_given.session(sign_in=sign_in, secrets=[token])
        return CloudApi(session) if version == "3" else DataCenterApi(session)

    def close_session(self) -> None:
        self.api.session.close()

    # where tickets go

    def project_of(self, place: t.Mapping[str, str], where: str) -> str:
        """Return the key of the project that a place means."""
        project = place.get("project", "").strip().upper()
        if not re.fullmatch(r"[A-Z][A-Z0-9_]{0,49}", project):
            raise Refused(f"expected the key of a project, found {project!r}", where=where)
        return project

    def meaning(self, ticket: Ticket) -> str:
        """As of every desk; a status that the map does not know and that Jira counts to the open ones means open."""
        return super().meaning(ticket) or ("open" if ticket.state.casefold() in self._open_words else "")

    # reading

    def find(self, tasks: t.Collection[str]) -> t.Iterator[Ticket]:
        wanted = sorted({task for task in tasks if TASK.fullmatch(task)})
        if not wanted:
            return
        where = self.where("find")
        self._projects.add(self.project_of(self.settings.place, where))
        for project in sorted(self._projects):
            self.api.must_see(project, where)
        keys: dict[str, None] = {}
        for chunk in chunks(wanted, 50):
            keys.update(dict.fromkeys(self.api.search(self._marked(chunk), where)))
        found = {str(issue["key"]): issue for issue in self._fresh(where)}
        issues, _unused = self.api.fetch([key for key in keys if key not in found], where, self._fields(where))
        found.update({str(issue["key"]): issue for issue in issues})
        for issue in found.values():
            ticket = self._ticket(issue, where)
            if ticket.task in wanted:
                yield ticket

    def _marked(self, tasks: t.Sequence[str]) -> str:
        labels = ", ".join(f'"{label_of(task)}"' for task in tasks)
        return f"labels in ({labels})"

    def _fresh(self, where: str) -> t.Iterator[Issue]:
        """Yield the newest issues of the projects, by their keys, which are numbers in a row: what was made a moment
        ago may be missing in the search, and would be made again."""
        for project in sorted(self._projects) if self.api.lags else ():
            newest = self.api.newest(f'project = "{project}" ORDER BY key DESC', where)
            number = int(newest.rpartition("-")[2]) if KEY.fullmatch(newest) else 0
            start = max(1, number - _WINDOW // 2)
            while True:
                keys = [f"{project}-{n}" for n in range(start, start + _WINDOW)]
                issues, _unused = self.api.fetch(keys, where, self._fields(where))
                mine = [issue for issue in issues if str(issue["key"]) in keys]
                yield from mine
                last = max((int(str(issue["key"]).rpartition("-")[2]) for issue in mine), default=0)
                if last < start + _WINDOW // 2:
                    break
                start += _WINDOW

    def read(self, references: t.Collection[str]) -> dict[str, Ticket]:
        wanted = [one for one in dict.fromkeys(references) if KEY.fullmatch(one)]
        if not wanted:
            return {}
        where = self.where("read")
        fields = self._fields(where)
        issues, one_by_one = self.api.fetch(wanted, where, fields)
        found = {str(issue["key"]): issue for issue in issues if str(issue["key"]) in wanted}
        missing = [one for one in wanted if one not in found]
        for reference in missing if one_by_one else ():
            try:
                found[reference] = self.api.issue(reference, self.where("read", reference), fields)
            except NotFound:
                continue
        for project in sorted({one.rpartition("-")[0] for one in missing if one not in found}):
            self.api.must_see(project, where)
        ended = [issue for issue in found.values() if has_ended(fields_of(issue, where))]
        changed_by = self.api.status_changes(ended, where) if ended else {}
        return {
            reference: self._ticket(issue, where, changed_by.get(str(issue["key"])))
            for reference, issue in found.items()
        }

    def replies(self, reference: str) -> tuple[Reply, ...]:
        where = self._at("replies", reference)
        comments = self.api.paged(f"issue/{quoted(reference)}/comment", where, "comments", orderBy="created")
        files = fields_of(self.api.issue(reference, where, ["status", "attachment"]), where).get("attachment") or []
        return replies_from(comments, files, lambda file: self._content(file, where), self.api, where)

    def _content(self, file: t.Mapping[str, t.Any], where: str) -> bytes:
        if self.api.version == "3":
            # else Cloud redirects to another host, where our credentials have no business
            return self.api.session.file(
                f"rest/api/3/attachment/content/{quoted(str(file['id']))}", where=where, params={"redirect": "false"}
            )
        # below our own address, whatever Jira calls itself
        path = str(file.get("content")).rpartition("/secure/")[2]
        return self.api.session.file(f"secure/{path}", where=where)

    def said(self, reference: str) -> tuple[str, ...]:
        where = self._at("said", reference)
        comments = self.api.paged(f"issue/{quoted(reference)}/comment", where, "comments", orderBy="created")
        ours = [one for one in comments if isinstance(one, dict) and self.api.is_me(one.get("author"), where)]
        return tuple(self.api.plain(one.get("body")) for one in ours)

    def requested(self) -> t.Iterator[Ticket]:
        if not self.settings.requests:
            return
        where = self.where("requested")
        self.api.must_see(self.project_of(self.settings.requests, where), where)
        keys = self.api.search(f"{self._asked_for(where)} AND statusCategory != Done ORDER BY created", where)
        issues, _unused = self.api.fetch(keys, where, self._fields(where))
        issues.sort(key=lambda issue: keys.index(str(issue["key"])) if str(issue["key"]) in keys else len(keys))
        for issue in issues:
            fields = fields_of(issue, where)
            if not has_ended(fields) and not self.api.is_me(fields.get("creator"), where):
                yield self._ticket(issue, where)

    def _asked_for(self, where: str) -> str:
        kind = self.settings.requests.get("issue_type", "").replace("\\", "\\\\").replace('"', '\\"')
        project = self.project_of(self.settings.requests, where)
        return f'project = "{project}"' + (f' AND issuetype = "{kind}"' if kind else "")

    # what these need

    def _at(self, operation: str, reference: str) -> str:
        """Return the place of an error at a ticket. Raises NotFound for a reference that no issue can have."""
        where = self.where(operation, reference)
        if not KEY.fullmatch(reference):
            raise NotFound(f"{reference!r} is not the key of an issue", where=where)
        return where

    def _ticket(self, issue: Issue, where: str, changed_by: t.Any = None) -> Ticket:
        fields = fields_of(issue, where)
        if str((fields["status"].get("statusCategory") or {}).get("key")) in ("new", "indeterminate"):
            self._open_words.add(str(fields["status"].get("name")).casefold())
        return ticket_from(
            issue,
            self.api,
            where,
            link=self.link,
            resolutions=self._resolutions,
            custom=self._custom_fields(where),
            by_title=self.by_title,
            changed_by=changed_by,
        )

    def _fields(self, where: str) -> list[str]:
        return [*FIELDS, *self._custom_fields(where).values()]

    def _custom_fields(self, where: str) -> t.Mapping[str, str]:
        """Return the fields of the catalog -> their ids. A name must be that of one field only."""
        if self._custom is None:
            names = set(self.settings.fields.values())
            known = self.api.get("field", where) if any(not _ID.fullmatch(name) for name in names) else []
            self._custom = {}
            for name in sorted(names):
                ids = [str(one.get("id")) for one in known if str(one.get("name")).casefold() == name.casefold()]
                if not _ID.fullmatch(name) and len(ids) != 1:
                    what = f"{len(ids)} fields are called" if ids else "no field is called"
                    todo = "Name it under fields by its id (customfield_10042)"
                    raise Refused(f"{what} {name!r}", where=where, todo=todo)
                self._custom[name] = name if _ID.fullmatch(name) else ids[0]
        return self._custom
