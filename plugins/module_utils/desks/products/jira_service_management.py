# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jira Service Management (Cloud) as a desk: tasks are requests of a service project."""

from __future__ import annotations

import re
import typing as t

from ...errors import Broken, NotFound, Refused
from ...model import DeskSettings
from ..contract import Letter
from ..nearby import shortened
from .jira import JiraDesk
from .jira_api import JiraApi, quoted
from .jira_dialects import CloudApi
from .jira_reading import JiraReading
from .jira_text import LONGEST_TITLE
from .jira_tickets import label_of

_DESK = re.compile(r"[A-Za-z0-9_-]{1,50}", re.ASCII)
_API = "rest/servicedeskapi"


class JiraServiceManagementDesk(JiraDesk):
    """Jira Service Management: a request for each task. A request is an issue, and is read and written at as one.

    A request's form seldom has labels, so the label that carries the task's id is put on afterwards; until then the
    end of its title is the mark. Comments are public, as all are that are made through Jira's own interface.

    Source: https://developer.atlassian.com/cloud/jira/service-desk/rest/api-group-request/
    Source: https://developer.atlassian.com/cloud/jira/service-desk/rest/api-group-servicedesk/
    Source: https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-comments/ (jsdPublic)
    """

    type = "jira_service_management"
    options: t.ClassVar[t.Mapping[str, str]] = {
        **{name: need for name, need in JiraReading.options.items() if name != "api_version"},
        "email": "required",
    }
    places: t.ClassVar[t.Mapping[str, str]] = {"service_desk": "required", "request_type": "required"}
    states: t.ClassVar[t.Mapping[str, tuple[str, ...]]] = {
        **JiraReading.states,
        "open": (
            "Waiting for support",
            "Open",
            "Reopened",
            "In Progress",
            "Waiting for customer",
            "Pending",
            "Escalated",
            "To Do",
        ),
        "done": ("Resolved", "Done", "Closed", "Completed"),
    }
    by_title = True

    def _api(self) -> JiraApi:
        api = super()._api()
        if not isinstance(api, CloudApi):
            raise self.options_given.wrong("email", "the address of the token's user")
        return api

    def __init__(self, settings: DeskSettings, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(settings, connection)
        self._desks: dict[str, tuple[str, str]] = {}
        self._types: dict[tuple[str, str], tuple[str, str]] = {}
        self._asked: dict[str, t.Mapping[str, t.Any]] = {}

    # where requests go

    def project_of(self, place: t.Mapping[str, str], where: str) -> str:
        return self._service_desk(place, where)[1]

    def _service_desk(self, place: t.Mapping[str, str], where: str) -> tuple[str, str]:
        """Return a service desk's id and the key of its project. ``place`` may name it by either."""
        name = place.get("service_desk", "").strip()
        if not _DESK.fullmatch(name):
            raise Refused(f"expected the id or the project's key of a service desk, found {name!r}", where=where)
        if name not in self._desks:
            try:
                found = self.api.get(f"{_API}/servicedesk/{quoted(name)}", where)
            except NotFound:
                self.api.must_see(name, where)
                raise
            if not isinstance(found, dict) or not found.get("id") or not found.get("projectKey"):
                raise Broken("expected a service desk with its project", where=where)
            self._desks[name] = str(found["id"]), str(found["projectKey"])
        return self._desks[name]

    def _request_type(self, desk: str, wanted: str, where: str) -> tuple[str, str]:
        """Return the id and the name of a request type that is given by either."""
        if (desk, wanted) not in self._types:
            path = f"{_API}/servicedesk/{quoted(desk)}/requesttype"
            kinds = {str(one.get("id")): str(one.get("name")) for one in self._values(path, where)}
            ids = [id for id, name in kinds.items() if wanted.strip().casefold() in (id, name.casefold())]
            if len(ids) != 1:
                found = ", ".join(sorted(kinds.values())) or "none"
                what = f"expected one request type {wanted!r} of the service desk, found {len(ids)}; it has {found}"
                raise Refused(what, where=where, todo="Give the user of the token access to the service project")
            self._types[desk, wanted] = ids[0], kinds[ids[0]]
        return self._types[desk, wanted]

    def _values(self, path: str, where: str) -> list[t.Any]:
        """Return all entries of a list of the Service Management interface."""
        entries: list[t.Any] = []
        while True:
            page = self.api.get(path, where, start=str(len(entries)), limit="100")
            found = page.get("values") if isinstance(page, dict) else None
            if not isinstance(found, list):
                raise Broken("expected values", where=where)
            if {str(one.get("id")) for one in found} & {str(one.get("id")) for one in entries}:
                raise Broken("a page of values came twice", where=where)
            entries += found
            if page.get("isLastPage") is not False or not found:
                return entries

    # opening

    def _made(self, letter: Letter, place: t.Mapping[str, str], where: str) -> str:
        desk, project = self._service_desk(place, where)
        self._projects.add(project)
        kind, _name = self._request_type(desk, place.get("request_type", ""), where)
        form = self._request_form(desk, kind, where)
        body: dict[str, t.Any] = {
            "serviceDeskId": desk,
            "requestTypeId": kind,
            "isAdfRequest": True,  # a description that is a text would be read as wiki markup
            "requestFieldValues": {
                "summary": shortened(letter.title, LONGEST_TITLE),
                "description": self.api.text(letter.text),
            },
        }
        if letter.requester and form.get("canRaiseOnBehalfOf") is True:
            customer = self.api.person(letter.requester, "user/search", where)
            if customer:
                body["raiseOnBehalfOf"] = customer
        assignee = self.api.person(letter.owner, "user/assignable/search", where, project=project)
        with self.api.needing("CREATE_ISSUES", where, projectKey=project):
            made = self._requested_for(body, where)
        key = str(made.get("issueKey") or "") if isinstance(made, dict) else ""
        if not key:
            raise Broken("expected the key of the new request", where=where)
        if assignee:
            self.api.assign(key, assignee, where)
        labels = {"update": {"labels": [{"add": label_of(letter.task)}]}}
        with self.api.needing("EDIT_ISSUES", where, issueKey=key):
            self.api.call("PUT", f"issue/{quoted(key)}", where, body=labels, expect_json=False)
        return key

    def _requested_for(self, body: dict[str, t.Any], where: str) -> t.Any:
        """Make the request; in our own name where Jira does not take the person for a customer of the project."""
        try:
            return self.api.call("POST", f"{_API}/request", where, body=body)
        except Refused as error:
            # what was refused so was not made
            if "raiseOnBehalfOf" not in body or error.details.get("status") != 400:
                raise
        own = {name: value for name, value in body.items() if name != "raiseOnBehalfOf"}
        return self.api.call("POST", f"{_API}/request", where, body=own)

    def _request_form(self, desk: str, kind: str, where: str) -> t.Mapping[str, t.Any]:
        """Return what a request type asks for; Refused where a task cannot be put into it."""
        if kind not in self._asked:
            found = self.api.get(f"{_API}/servicedesk/{quoted(desk)}/requesttype/{quoted(kind)}/field", where)
            fields = found.get("requestTypeFields") if isinstance(found, dict) else None
            if not isinstance(fields, list):
                raise Broken("expected the fields of the request type", where=where)
            ids = {str(one.get("fieldId")) for one in fields}
            missing = sorted({"summary", "description"} - ids)
            asked = [
                str(one.get("name"))
                for one in fields
                if one.get("required") and not one.get("defaultValues") and one.get("fieldId") not in _GIVEN
            ]
            if missing or asked:
                what = f"has no {' and '.join(missing)}" if missing else f"asks for {', '.join(asked)}"
                todo = "Make a request type for Rollcall that asks for a summary and a description"
                raise Refused(f"request type {kind} {what}", where=where, todo=todo)
            self._asked[kind] = found
        return self._asked[kind]

    # reading

    def _marked(self, tasks: t.Sequence[str]) -> str:
        titles = " OR ".join(f'summary ~ "\\"rollcall {task}\\""' for task in tasks)
        return f"{super()._marked(tasks)} OR {titles}"

    def _asked_for(self, where: str) -> str:
        desk, project = self._service_desk(self.settings.requests, where)
        name = self._request_type(desk, self.settings.requests.get("request_type", ""), where)[1]
        kind = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'project = "{project}" AND "Request Type" = "{kind}"'


_GIVEN = frozenset({"summary", "description"})
