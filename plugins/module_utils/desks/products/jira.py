# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jira as a desk: tasks are issues of a project, in Jira Cloud or Jira Data Center."""

from __future__ import annotations

import typing as t

from ...errors import Broken, Refused
from ...model import DeskSettings
from ..contract import Letter, Ticket
from ..nearby import shortened
from ..saying import was_said
from .jira_api import quoted
from .jira_reading import JiraReading
from .jira_text import LONGEST_TITLE
from .jira_tickets import FIELDS, TASK, label_of
from .jira_ways import Way, open_way, unmet, way_to


class JiraDesk(JiraReading):
    """Jira: one issue for each task, which carries the task's id as a label.

    Source: https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/
    Source: https://docs.atlassian.com/software/jira/docs/api/REST/9.17.0/
    """

    type = "jira"
    options: t.ClassVar[t.Mapping[str, str]] = {**JiraReading.options, "emergency_priority": "optional"}
    places: t.ClassVar[t.Mapping[str, str]] = {"project": "required", "issue_type": "optional"}

    def __init__(self, settings: DeskSettings, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(settings, connection)
        self._forms: dict[tuple[str, str], tuple[str, dict[str, t.Any]]] = {}

    # opening

    def open(self, letter: Letter) -> Ticket:
        where = self.where("open", f"task {letter.task}")
        if not TASK.fullmatch(letter.task):
            raise Broken(f"{letter.task!r} cannot be a label", where=where)
        key = self._made(letter, {**self.settings.place, **letter.place}, where)
        return self._ticket(self.api.issue(key, where, self._fields(where)), where)

    def _made(self, letter: Letter, place: t.Mapping[str, str], where: str) -> str:
        """Make the issue and return its key."""
        project = self.project_of(place, where)
        self._projects.add(project)
        kind, form = self._form(project, place.get("issue_type") or "Task", where)
        assignee = self.api.person(letter.owner, "user/assignable/search", where, project=project)
        fields: dict[str, t.Any] = {
            "project": {"key": project},
            "issuetype": {"id": kind},
            "summary": shortened(letter.title, LONGEST_TITLE),
            "description": self.api.text(letter.text),
            "labels": [label_of(letter.task)],
        }
        if "duedate" in form:
            fields["duedate"] = letter.due.date().isoformat()
        if letter.urgency == "emergency":
            fields.update(self._priority(form))
        if assignee and "assignee" in form:
            fields["assignee"] = {self.api.person_key: assignee}
        with self.api.needing("CREATE_ISSUES", where, projectKey=project):
            made = self.api.call("POST", "issue", where, body={"fields": fields})
        if not isinstance(made, dict) or not made.get("key"):
            raise Broken("expected the key of the new issue", where=where)
        if assignee and "assignee" not in form:
            self.api.assign(str(made["key"]), assignee, where)
        return str(made["key"])

    def _form(self, project: str, name: str, where: str) -> tuple[str, dict[str, t.Any]]:
        """Return the id of an issue type and what can be filled in when one is made: id of a field -> the field.

        Source: https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/ (Get create metadata)
        """
        if (project, name) not in self._forms:
            path = f"issue/createmeta/{quoted(project)}/issuetypes"
            with self.api.needing("CREATE_ISSUES", where, projectKey=project):
                kinds = self.api.paged(path, where, "issueTypes")
            known = {str(one.get("name")): str(one.get("id")) for one in kinds}
            ids = [id for kind, id in known.items() if name.casefold() in (kind.casefold(), id)]
            if not ids:
                self.api.must_see(project, where)
                found = ", ".join(sorted(known)) or "none that may be made (permission Create issues)"
                raise Refused(f"project {project} has no issue type {name!r}; it has {found}", where=where)
            fields = self.api.paged(f"{path}/{quoted(ids[0])}", where, "fields")
            form = {str(one.get("fieldId") or one.get("key")): one for one in fields}
            missing = [one for one in ("labels", "description") if one not in form]
            if missing:
                what = f"{' and '.join(missing)} cannot be filled in when a {name} is made in {project}"
                todo = "Put it on the create screen, or give a field configuration that does not hide it"
                raise Refused(what, where=where, todo=todo)
            self._forms[project, name] = ids[0], form
        return self._forms[project, name]

    def _priority(self, form: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        name = self.options_given.text("emergency_priority", "Highest")
        allowed = form.get("priority", {}).get("allowedValues") or []
        known = any(str(one.get("name")).casefold() == name.casefold() for one in allowed)
        return {"priority": {"name": name}} if known else {}

    # writing at a ticket

    def comment(self, reference: str, text: str) -> None:
        where = self._at("comment", reference)
        with self.api.needing("ADD_COMMENTS", where, issueKey=reference):
            self.api.call("POST", f"issue/{quoted(reference)}/comment", where, body=self._comment(text))

    def _comment(self, text: str) -> dict[str, t.Any]:
        return {"body": self.api.text(text)}

    def reassign(self, reference: str, owner: str) -> bool:
        where = self._at("reassign", reference)
        person = self.api.person(owner, "user/assignable/search", where, issueKey=reference)
        if not person:
            return False
        self.api.assign(reference, person, where)
        return True

    def close(self, reference: str, meaning: str, text: str) -> None:
        where = self._at("close", reference)
        ticket = self._now(reference, where)
        ended = self.meaning(ticket) not in ("open", "")
        if self.meaning(ticket) == meaning or (ended and meaning == "cancelled" and not self.state_map.get(meaning)):
            return
        transitions = self._transitions(reference, where)
        # where a workflow has one end only, that is where all ends go, and the comment says which it is
        fallbacks = ("declined", "done") if meaning == "cancelled" else ("done",) if meaning == "declined" else ()
        words = [word for one in (meaning, *fallbacks) for word in self.state_map.get(one, ())]
        way = way_to(transitions, words, self._resolutions)
        if way is None and self.meaning(ticket) == "open":
            raise self._no_way(ticket, meaning, transitions, where)
        if not was_said(text, self.said(reference)):  # or a run died before it could bring the issue there
            self.comment(reference, text)
        if way is not None:
            self._go(reference, way, where)

    def reopen(self, reference: str, text: str) -> None:
        where = self._at("reopen", reference)
        ticket = self._now(reference, where)
        way = None
        if self.meaning(ticket) != "open":
            transitions = self._transitions(reference, where)
            way = way_to(transitions, self.state_map.get("open", ()), ()) or open_way(transitions)
            if way is None:
                raise self._no_way(ticket, "open", transitions, where)
        # what is said last says that all of it was done
        if way is not None:
            self._go(reference, way, where)
        self.comment(reference, text)

    def _now(self, reference: str, where: str) -> Ticket:
        return self._ticket(self.api.issue(reference, where, FIELDS), where)

    def _transitions(self, reference: str, where: str) -> list[t.Any]:
        path = f"issue/{quoted(reference)}/transitions"
        found = self.api.get(path, where, expand="transitions.fields").get("transitions")
        if not isinstance(found, list):
            raise Broken("expected transitions", where=where)
        if not found:
            with self.api.needing("TRANSITION_ISSUES", where, issueKey=reference):
                raise Refused("Jira shows no transition", where=where, status=403)
        return found

    def _go(self, reference: str, way: Way, where: str) -> None:
        body: dict[str, t.Any] = {"transition": {"id": way.id}}
        if way.fields:
            body["fields"] = dict(way.fields)
        with self.api.needing("TRANSITION_ISSUES", where, issueKey=reference):
            self.api.call("POST", f"issue/{quoted(reference)}/transitions", where, body=body, expect_json=False)

    def _no_way(self, ticket: Ticket, meaning: str, transitions: t.Sequence[t.Any], where: str) -> Refused:
        shown = []
        for one in transitions:
            asks = f" (asks for {', '.join(unmet(one))})" if unmet(one) else ""
            shown.append(f"{(one.get('to') or {}).get('name')}{asks}")
        there = ", ".join(shown) or "none"
        return Refused(
            f"no transition leads from {ticket.state!r} to what means {meaning}; there are: {there}",
            where=where,
            todo=f"Say under states of desk {self.settings.key} which status that is, or add one to the workflow",
        )
