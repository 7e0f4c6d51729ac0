# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real Request Tracker as a desk: with queues, owners, a custom field, and rights that can be taken away.

People do here what they do at RT, as users of their own; what they see is read from RT's own web pages.
"""

from __future__ import annotations

import base64
import contextlib
import email.message
import email.policy
import html.parser
import http.client
import http.cookiejar
import json
import typing as t
import urllib.parse
import urllib.request

from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import Attachment
from ansible_collections.rollcall.access.plugins.module_utils.model import DeskSettings
from ansible_collections.rollcall.access.tests.conformance.desk_case import DeskCase, DeskServer, Seen
from ansible_collections.rollcall.access.tests.servers.products.request_tracker import RequestTracker, request_tracker

#: What the token's user needs in each queue, and nothing else. docs/desks/request_tracker.md says what each is for.
RIGHTS = (
    "CreateTicket",
    "ShowTicket",
    "ShowTicketComments",
    "ModifyTicket",
    "ReassignTicket",
    "SeeQueue",
    "SeeCustomField",
)
OWNER, OTHER, ASKING = "sales.ops@acme.example", "it.ops@acme.example", "jane@acme.example"
PASSWORD = "Passw0rd-of-theirs"
ACCOUNT_NAME, REASON = "Account name", "Why not"
QUEUES = ("Access", "Elsewhere", "Requests for access")
_PREPARE = f"""
my @queues;
for my $name ({", ".join(repr(name) for name in QUEUES)}) {{
    my $queue = RT::Queue->new(RT->SystemUser);
    my ($ok, $said) = $queue->Create(Name => $name);
    die $said unless $ok;
    push @queues, $queue;
}}
for my $name ('{ACCOUNT_NAME}', '{REASON}') {{
    my $field = RT::CustomField->new(RT->SystemUser);
    my ($ok, $said) = $field->Create(
        Name => $name, Type => 'FreeformSingle', LookupType => 'RT::Queue-RT::Ticket'
    );
    die $said unless $ok;
    $field->AddToObject($_) for @queues;
}}
my @people = (
    ['sales.ops', '{OWNER}', qw(OwnTicket)], ['it.ops', '{OTHER}', qw(OwnTicket)], ['jane', '{ASKING}'], ['rollcall']
);
for my $one (@people) {{
    my ($name, $address, @more) = @$one;
    my $user = RT::User->new(RT->SystemUser);
    my @rights = qw({" ".join(RIGHTS)});
    if ($address) {{
        my ($ok, $said) = $user->Create(
            Name => $name, EmailAddress => $address, Privileged => 1, Password => '{PASSWORD}'
        );
        die $said unless $ok;
        push @rights, qw(ReplyToTicket CommentOnTicket ModifyCustomField DeleteTicket), @more;
    }}
    $user->Load($name);
    for my $right (@rights) {{
        for my $queue (@queues) {{
            my ($ok, $said) = $user->PrincipalObj->GrantRight(Right => $right, Object => $queue);
            die "$right: $said" unless $ok;
        }}
    }}
}}
"""
_TICKETS = """
SELECT CAST(t.id AS TEXT), t.Subject, t.Status, u.EmailAddress, q.Name
FROM Tickets t JOIN Users u ON u.id = t.Owner JOIN Queues q ON q.id = t.Queue ORDER BY t.id
"""
_ROLE = """
SELECT u.EmailAddress FROM Groups g JOIN GroupMembers m ON m.GroupId = g.id JOIN Users u ON u.id = m.MemberId
WHERE g.Domain = 'RT::Ticket-Role' AND g.Instance = ? AND g.Name = ?
"""
_OURS = "PrincipalId IN (SELECT g.id FROM Groups g WHERE g.Domain = 'ACLEquivalence' AND g.Instance = ?)"
_STATES = {"done": "resolved", "declined": "rejected"}


class RequestTrackerAsDesk(RequestTracker):
    owner = OWNER
    other_owner = OTHER

    def keep(self) -> None:
        """Sign in to the web pages once, so that this session is kept too."""
        self.browser = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()), urllib.request.ProxyHandler({})
        )
        form = urllib.parse.urlencode({"user": "root", "pass": "password"}).encode()
        self.browser.open(f"http://127.0.0.1:{self.port}/", form, timeout=60).read()
        super().keep()

    # what there is

    def tickets(self) -> list[Seen]:
        return [
            Seen(reference=reference, title=title, state=state, assignee=address or "", place=place)
            for reference, title, state, address, place in self.run(_TICKETS)
        ]

    def shown(self, reference: str) -> str:
        address = f"http://127.0.0.1:{self.port}/Ticket/History.html?id={reference}"
        with self.browser.open(address, timeout=60) as answer:
            page = _Stanzas()
            page.feed(answer.read().decode())
        assert page.pieces, "the page shows no text at all: is the browser signed in?"
        return "".join(page.pieces)

    def reached(self, reference: str) -> list[str]:
        links = self.run("SELECT Base || ' ' || Target FROM Links WHERE LocalBase = ?", reference)
        watchers = [one for role in ("Requestor", "Cc", "AdminCc") for one in self.role(reference, role)]
        return [*(row[0] for row in links), *watchers]

    def role(self, reference: str, name: str) -> list[str]:
        """Return the addresses of who is in a role at a ticket: Cc, Requestor."""
        return [row[0] for row in self.run(_ROLE, reference, name)]

    def fill(self, people: int, place: str = QUEUES[0], by: str = OWNER, subject: str = "Somebody else's") -> list[str]:
        first = self._made(place, subject, "As usual", by)
        with self.database() as database:
            columns = [row[1] for row in database.execute("PRAGMA table_info(Tickets)")]
            copied = ", ".join("?1" if name in ("id", "EffectiveId") else name for name in columns)
            for id in range(int(first) + 1, int(first) + people):
                database.execute(f"INSERT INTO Tickets SELECT {copied} FROM Tickets WHERE id = ?2", (id, first))
        return [str(id) for id in range(int(first), int(first) + people)]

    # what people do

    def as_person(self, by: str, method: str, path: str, body: t.Any) -> t.Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sign_in = base64.b64encode(f"{by.partition('@')[0]}:{PASSWORD}".encode()).decode()
        headers = {"Authorization": f"Basic {sign_in}", "Content-Type": "application/json"}
        with contextlib.closing(connection):
            connection.request(method, f"/REST/2.0/{path}", json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
            assert answer.status in (200, 201, 204), (path, text)
            return json.loads(text) if text else None

    def _made(self, queue: str, title: str, text: str, by: str) -> str:
        body = {"Queue": queue, "Subject": title, "Content": text, "ContentType": "text/plain", "Requestor": [by]}
        return str(self.as_person(by, "POST", "ticket", body)["id"])

    def people_open(self, title: str, text: str, by: str) -> str:
        return self._made(QUEUES[0], title, text, by)

    def people_ask(self, title: str, text: str, by: str) -> str:
        return self._made(QUEUES[2], title, text, by)

    def people_reply(
        self,
        reference: str,
        text: str,
        by: str,
        attachment: Attachment | None = None,
        *,
        kind: str = "correspond",
        content_type: str = "text/plain",
    ) -> None:
        body: dict[str, t.Any] = {"Content": text, "ContentType": content_type}
        if attachment:
            content = base64.b64encode(attachment.content).decode()
            body["Attachments"] = [
                {"FileName": attachment.name, "FileType": "application/octet-stream", "FileContent": content}
            ]
        self.as_person(by, "POST", f"ticket/{reference}/{kind}", body)

    def people_mail(self, reference: str, message: email.message.EmailMessage) -> None:
        """A person answers by mail: it comes in at RT's mail gateway, as rt-mailgate brings it there."""
        message["Subject"] = f"Re: [rt.acme.example #{reference}] {self.tickets()[0]['title']}"
        message["To"] = "access@rt.acme.example"
        form = {"action": "correspond", "queue": QUEUES[0], "message": message.as_bytes(policy=email.policy.SMTP)}
        gateway = f"http://127.0.0.1:{self.port}/REST/1.0/NoAuth/mail-gateway"
        with self.browser.open(gateway, urllib.parse.urlencode(form).encode(), timeout=60) as answer:
            said = answer.read().decode()
        assert said.startswith("ok"), said

    def disable(self, address: str) -> None:
        """The person has left: an administrator disables the user."""
        ((id,),) = self.run("SELECT id FROM Users WHERE EmailAddress = ?", address)
        self.run("UPDATE Principals SET Disabled = 1 WHERE id = ?", id)

    def _set(self, reference: str, by: str, **fields: t.Any) -> None:
        said = self.as_person(by, "PUT", f"ticket/{reference}", fields)
        assert "changed" in str(said) or "Merge Successful" in str(said) or "added" in str(said), said

    def people_close(self, reference: str, meaning: str, by: str) -> None:
        self._set(reference, by, Status=_STATES[meaning])

    def people_reopen(self, reference: str) -> None:
        self._set(reference, OWNER, Status="open")

    def people_delete(self, reference: str) -> None:
        self.as_person(OWNER, "DELETE", f"ticket/{reference}", {})

    def people_merge(self, reference: str, into: str) -> None:
        self._set(reference, OWNER, MergeInto=into)

    def people_move(self, reference: str) -> None:
        self._set(reference, OWNER, Queue=QUEUES[1])

    def set_field(self, reference: str, field: str, value: str) -> None:
        self._set(reference, OWNER, CustomFields={field: value})

    # rights

    def take(self, right: str, queue: str = "") -> None:
        """Take a right away from the token's user, in one queue or in all."""
        id = self.run("SELECT id FROM Users WHERE Name = 'rollcall'")[0][0]
        values: list[t.Any] = [right, id]
        where = f"RightName = ? AND {_OURS}"
        if queue:
            where += " AND ObjectType = 'RT::Queue' AND ObjectId = ?"
            values.append(self.run("SELECT id FROM Queues WHERE Name = ?", queue)[0][0])
        assert self.run(f"SELECT id FROM ACL WHERE {where}", *values), f"nobody has given {right}"
        self.run(f"DELETE FROM ACL WHERE {where}", *values)

    def take_right(self) -> str:
        for right in ("CreateTicket", "ModifyTicket"):
            self.take(right)
        return "Ticket"

    def take_sight(self) -> str:
        self.take("ShowTicket")
        return "ShowTicket"


class _Stanzas(html.parser.HTMLParser):
    """What RT's page shows of what was written: the text of its elements "message-stanza"."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br" and self._depth:
            self.pieces.append("\n")
        if tag == "div":
            kinds = (dict(attrs).get("class") or "").split()
            if self._depth or "message-stanza" in kinds:
                self._depth += 1
                self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "div" and self._depth:
            self._depth -= 1
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if self._depth:
            self.pieces.append(data)


class RequestTrackerDeskCase(DeskCase):
    word = "request_tracker"
    tested = "A real Request Tracker (5.0.3, Debian), on SQLite and its own web server"
    opens_with = ("POST", r"/ticket$")
    comments_with = r"/(correspond|comment)$"
    settles = 4.0
    other_states: t.ClassVar = {
        "open": ("open", "new"),
        "done": ("rejected",),
        "declined": ("stalled",),
        "cancelled": ("resolved",),
    }
    other_place: t.ClassVar = {"queue": QUEUES[1]}
    without: t.ClassVar = {
        "blind_find": "RT's search leaves out what may not be seen and says nothing of it; a read by number is refused"
    }

    @contextlib.contextmanager
    def server(self) -> t.Iterator[DeskServer]:
        with request_tracker(RequestTrackerAsDesk, (), _PREPARE) as self.running:
            yield self.running

    def settings(self, port: int) -> DeskSettings:
        return DeskSettings(
            "helpdesk",
            self.word,
            connection=self.running.connection(port),
            place={"queue": QUEUES[0]},
            requests={"queue": QUEUES[2]},
            fields={"account_name": ACCOUNT_NAME, "reason": REASON},
        )
