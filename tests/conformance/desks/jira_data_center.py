# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jira Data Center in memory: what its REST interface, version 2, does otherwise than that of Jira Cloud.

Follows https://docs.atlassian.com/software/jira/docs/api/REST/9.17.0/ and, for texts,
https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.model import DeskSettings
from ansible_collections.rollcall.access.tests.conformance.desk_case import DeskServer
from ansible_collections.rollcall.access.tests.conformance.desks.jira import PEOPLE, Body, JiraCase, JiraFake, refused
from ansible_collections.rollcall.access.tests.conformance.fake import Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY

_SPECIAL = re.compile(r"([\\{}\[\]|!*_^~+?&#-])")
#: what Jira makes something of, unless a character of it is escaped or written as a reference
_MARKUP = {
    "mention": r"(?<!\\)\[~([^\]\\]+)\]",
    "link": r"(?<!\\)\[[^\]\n]+\|[^\]\n]+\]",
    "macro": r"(?<!\\)\{(?:code|noformat|color|quote|panel)(?::[^}]*)?\}",
    "image": r"(?<![\\\w])![\w:/.-]+(?:\|[^!]*)?!",
    "monospace": r"(?<!\\)\{\{[^}]+\}\}",
    "heading": r"^h[1-6]\. ",
    "quotation": r"^bq\. ",
    "list": r"^\s*[*#-]+ ",
    "strong": r"(?<![\\\w])\*\S[^*\n]*\*(?!\w)",
    "emphasis": r"(?<![\\\w])_\S[^_\n]*_(?!\w)",
    "deleted": r"(?<![\\\w-])-[^\s-][^-\n]*-(?![\w-])",
    "inserted": r"(?<![\\\w])\+\S[^+\n]*\+(?!\w)",
    "subscript": r"(?<![\\\w])~\S[^~\n]*~(?!\w)",
    "superscript": r"(?<![\\\w])\^\S[^^\n]*\^(?!\w)",
    "dash": r"(?<=\s)--+(?=\s)",
    "table": r"^\s*\|",
    "emoticon": r"\((?:[!/x+?yni-]|on|off)\)|[:;]-?[)(PD]",
}


class DataCenterFake(JiraFake):
    specifications: t.ClassVar[t.Sequence[str | tuple[str, str]]] = ()
    version = "2"

    def rich(self, text: str) -> t.Any:
        """The editor escapes what a person types and what would be markup."""
        return _SPECIAL.sub(r"\\\1", text)

    def shown(self, reference: str) -> str:
        return "\n".join(_rendered(text) for text in self.texts(reference))

    def reached(self, reference: str) -> list[str]:
        return [
            f"{what}: {found[0]}"
            for text in self.texts(reference)
            for what, pattern in _MARKUP.items()
            for found in re.finditer(pattern, text, re.MULTILINE)
        ]

    # ---- the interface

    def credential(self) -> str:
        return f"Bearer {CANARY}"

    def authenticate(self, request: Request) -> None:
        if self.expired or request.headers.get("Authorization") != self.credential():
            raise refused(401, "You are not authenticated. Authentication required to perform this operation.")
        if request.path.startswith("/rest/api/3"):
            raise refused(404)

    def person(self, address: str) -> Body | None:
        if not address:
            return None
        name = f"u{PEOPLE.index(address)}"
        return {"name": name, "key": f"JIRAUSER1000{name}", "displayName": name.title(), "emailAddress": address}

    def named(self, person: t.Any) -> str:
        return PEOPLE[int(person["name"][1:])] if person and person.get("name") else ""

    def list_name(self, name: str) -> str:
        return "values"

    def content_url(self, file: Body) -> str:
        return f"https://jira.acme.example/secure/attachment/{file['id']}/{file['filename'].replace(' ', '+')}"

    @route("GET", "/rest/api/2/user/assignable/search")
    def assignable_by_name(self, request: Request) -> t.Any:
        """ "username: the username", and nothing is said of addresses."""
        if request.args.get("issueKey"):
            self.visible(request.args["issueKey"])
        asked = request.args["username"]
        people = [self.person(one) for one in PEOPLE]
        return 200, [one for one in people if one and one["name"].startswith(asked)]

    @route("GET", "/rest/api/2/user/search")
    def search_people(self, request: Request) -> t.Any:
        """ "username: A query string used to search username, name or e-mail address"."""
        asked = request.args["username"].casefold()
        return 200, [self.person(one) for one in PEOPLE if one.startswith(asked)]

    @route("POST", "/rest/api/2/search")
    def search_two(self, request: Request) -> t.Any:
        """Without validateQuery a key that is not there refuses the whole search."""
        body = request.get_json()
        if found := re.fullmatch(r"key in \((.*)\)", body["jql"]):
            keys = found[1].split(", ")
            there = [issue for issue in map(self.by_key, keys) if issue and "BROWSE_PROJECTS" not in self.lacking]
            if body.get("validateQuery", True) and len(there) < len(keys):
                raise refused(400, "An issue with key does not exist for field 'key'.")
            # keys that have changed are not known to the index
            there = [issue for issue in there if issue["key"] in keys]
        else:
            there = self.matching(body["jql"])
        start, most = body.get("startAt", 0), body["maxResults"]
        page = [self.bean(issue, body["fields"]) for issue in there[start : start + most]]
        if "changelog" in body.get("expand", ()):
            for bean in page:
                bean["changelog"] = {"histories": self.histories(t.cast("Body", self.by_key(bean["key"])))}
        return 200, {"startAt": start, "maxResults": most, "total": len(there), "issues": page}

    def histories(self, issue: Body) -> list[Body]:
        return [
            {"id": one["id"], "created": one["at"], "author": self.person(one["by"]), "items": one["items"]}
            for one in issue["history"]
        ]

    def index(self, issue: Body) -> Body | None:
        """It is in the index before the answer to its creation is sent."""
        return issue


def _rendered(text: str) -> str:
    """What a person sees: what is escaped or written as a reference, as itself; markup is told by ``reached``."""
    text = re.sub(r"\\([^\w\s]|_)", r"\1", text)
    return re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), text)


class JiraDataCenterCase(JiraCase):
    word = "jira"
    tested = "A stateful fake of Jira Data Center's REST interface, version 2, after docs.atlassian.com (9.17)"
    opens_with: t.ClassVar[tuple[str, str]] = ("POST", r"/rest/api/2/issue$")

    def server(self) -> t.ContextManager[DeskServer]:
        return DataCenterFake().serving()

    def settings(self, port: int) -> DeskSettings:
        connection = {"base_url": f"http://127.0.0.1:{port}", "token": CANARY}
        return dataclasses.replace(super().settings(port), connection=connection)
