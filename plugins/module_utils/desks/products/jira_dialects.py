# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two dialects of Jira's REST interface: Cloud (version 3) and Data Center (version 2)."""

from __future__ import annotations

import typing as t

from ...errors import Broken
from . import jira_text
from .jira_api import Issue, JiraApi, Person, chunks, keys_of, taken


class CloudApi(JiraApi):
    """Jira Cloud. Its search lags behind what was written; its bulk fetch is no search, and is asked for what counts.

    Source: https://developer.atlassian.com/cloud/jira/platform/search-and-reconcile/
    """

    version, person_key, person_query, lags = "3", "accountId", "query", True

    def text(self, plain: str) -> t.Any:
        return jira_text.document(plain)

    def plain(self, sent: t.Any) -> str:
        return jira_text.plain(sent)

    def search(self, jql: str, where: str) -> list[str]:
        keys: dict[str, None] = {}
        token = ""
        while True:
            more = {"nextPageToken": token} if token else {}
            page = self.query("search/jql", where, {"jql": jql, "fields": ["key"], "maxResults": 1000, **more})
            found = keys_of(page, where)
            if found and not set(found) - set(keys):
                raise Broken("a page of the search came twice", where=where)
            keys.update(dict.fromkeys(found))
            following = page.get("nextPageToken")
            if not following:
                return list(keys)
            if following == token:
                raise Broken("the search goes on where it was already", where=where)
            token = str(following)

    def newest(self, jql: str, where: str) -> str:
        page = self.query("search/jql", where, {"jql": jql, "fields": ["key"], "maxResults": 1})
        return next(iter(keys_of(page, where)), "")

    def fetch(self, keys: t.Sequence[str], where: str, fields: t.Sequence[str]) -> tuple[list[Issue], bool]:
        issues: dict[str, Issue] = {}
        one_by_one = False
        for chunk in chunks(keys, min(self.page_size, 100)):
            page = self.query("issue/bulkfetch", where, {"issueIdsOrKeys": chunk, "fields": list(fields)})
            repeated = taken(page, issues, where)
            # what could not be returned now is named here; what is not there, or not to be seen, is not
            one_by_one = one_by_one or repeated or bool(page.get("issueErrors"))
        # a key that was not asked for is that of an issue which was moved
        return list(issues.values()), one_by_one or bool(set(issues) - set(keys))

    def status_changes(self, issues: t.Sequence[Issue], where: str) -> dict[str, Person]:
        by_id = {str(issue["id"]): str(issue["key"]) for issue in issues}
        changes: dict[str, list[t.Any]] = {}
        for chunk in chunks(list(by_id), 1000):
            token = ""
            while True:
                more = {"nextPageToken": token} if token else {}
                body = {"issueIdsOrKeys": chunk, "fieldIds": ["status"], "maxResults": 1000, **more}
                page = self.query("changelog/bulkfetch", where, body)
                for log in page.get("issueChangeLogs") or []:
                    changes.setdefault(str(log.get("issueId")), []).extend(log.get("changeHistories") or [])
                following = str(page.get("nextPageToken") or "")
                if not following:
                    break
                if following == token:
                    raise Broken("the history goes on where it was already", where=where)
                token = following
        # an issue that was made with the status that it has was never changed
        return {by_id[id]: _last_author(entries) for id, entries in changes.items() if id in by_id and entries}


class DataCenterApi(JiraApi):
    """Jira Data Center, which indexes what it writes at once; a cluster's other nodes within seconds."""

    version, person_key, person_query = "2", "name", "username"

    def text(self, plain: str) -> t.Any:
        return jira_text.wiki(plain)

    def plain(self, sent: t.Any) -> str:
        return jira_text.plain_wiki(sent)

    def person(self, address: str, path: str, where: str, **at: str) -> str:
        """As for Cloud. The search for those who can be assigned is documented for user names only: somebody whom it
        does not find by the address is looked for among all, and then there by name."""
        found = super().person(address, path, where, **at)
        if found or not at:
            return found
        name = super().person(address, "user/search", where)
        people = self.get(path, where, username=name, **at) if name else []
        return name if any(isinstance(one, dict) and one.get("name") == name for one in people) else ""

    def search(self, jql: str, where: str) -> list[str]:
        keys: dict[str, None] = {}
        while True:
            body = {"jql": jql, "fields": ["key"], "startAt": len(keys), "maxResults": 1000, "validateQuery": False}
            page = self.query("search", where, body)
            found = keys_of(page, where)
            if set(found) & set(keys):
                raise Broken("a page of the search came twice", where=where)
            keys.update(dict.fromkeys(found))
            if not found or len(keys) >= int(page.get("total") or 0):
                return list(keys)

    def fetch(self, keys: t.Sequence[str], where: str, fields: t.Sequence[str]) -> tuple[list[Issue], bool]:
        issues: dict[str, Issue] = {}
        for chunk in chunks(keys, min(self.page_size, 100)):
            page = self._with_keys(chunk, where, fields)
            taken(page, issues, where)
        # its search is an index, and says nothing about keys that have changed: what is missing is asked for
        return list(issues.values()), True

    def status_changes(self, issues: t.Sequence[Issue], where: str) -> dict[str, Person]:
        found: dict[str, Person] = {}
        for chunk in chunks([str(issue["key"]) for issue in issues], min(self.page_size, 100)):
            for issue in self._with_keys(chunk, where, ["status"], expand=["changelog"]).get("issues") or []:
                entries = (issue.get("changelog") or {}).get("histories") or []
                of_status = [e for e in entries if any(i.get("field") == "status" for i in e.get("items") or [])]
                if of_status:
                    found[str(issue["key"])] = _last_author(of_status)
        return found

    def _with_keys(self, keys: t.Sequence[str], where: str, fields: t.Sequence[str], **more: t.Any) -> t.Any:
        # without validateQuery one key that is not there any more would refuse them all
        jql = f"key in ({', '.join(keys)})"
        body = {"jql": jql, "fields": list(fields), "maxResults": len(keys), "validateQuery": False, **more}
        return self.query("search", where, body)


def _last_author(entries: t.Sequence[t.Any]) -> Person:
    last = max(entries, key=lambda entry: (str(entry.get("created")), int(entry.get("id") or 0)))
    author = last.get("author")
    return author if isinstance(author, dict) else {}
