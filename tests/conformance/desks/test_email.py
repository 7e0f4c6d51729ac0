# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is odd about mail: nobody is known to have got one, anybody writes in anybody's name, and machines answer."""

from __future__ import annotations

import dataclasses
import datetime as dt
import imaplib
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import Attachment, Desk, Letter
from ansible_collections.rollcall.access.plugins.module_utils.desks.following import follow, needs_replies
from ansible_collections.rollcall.access.plugins.module_utils.desks.letters import letter_for
from ansible_collections.rollcall.access.plugins.module_utils.desks.products.email import EmailDesk
from ansible_collections.rollcall.access.plugins.module_utils.desks.replies import read_reply
from ansible_collections.rollcall.access.plugins.module_utils.errors import NotFound, PolicyError, Refused, Transient
from ansible_collections.rollcall.access.plugins.module_utils.model import DeskSettings
from ansible_collections.rollcall.access.tests.conformance.desks.email import (
    COPIES,
    REQUESTS,
    EmailCase,
    EmailServer,
    parsed,
)
from ansible_collections.rollcall.access.tests.conformance.mail_servers import (
    OURS,
    PASSWORD,
    ImapServer,
    MailSystem,
    SmtpServer,
    mail_system,
)
from ansible_collections.rollcall.access.tests.unit.desks import sample

SAM, KIM, MALLORY = EmailServer.owner, EmailServer.other_owner, "mallory@evil.example"
TASK, DUE = "0a1b2c3d4e", dt.datetime(2026, 3, 2, 16, 0, tzinfo=dt.timezone.utc)
LETTER = Letter(TASK, f"Give Jane access [rollcall {TASK}]", "Who: Jane\nWhat: everything\n", SAM, DUE)
CASE = EmailCase()


@pytest.fixture(scope="module")
def started() -> t.Iterator[MailSystem]:
    with mail_system() as system:
        CASE._system = system
        yield system


@pytest.fixture
def server(started: MailSystem) -> EmailServer:
    server = EmailServer(started)
    server.reset()
    return server


@pytest.fixture
def connect(server: EmailServer) -> t.Iterator[t.Callable[..., EmailDesk]]:
    """Return a desk as another run has it, with other options where some are given; None takes one out."""
    desks: list[EmailDesk] = []

    def connect(**options: t.Any) -> EmailDesk:
        settings = CASE.settings(0)
        given = {name: value for name, value in {**settings.connection, **options}.items() if value is not None}
        desks.append(EmailDesk(dataclasses.replace(settings, connection=given), given))
        return desks[-1]

    yield connect
    for desk in desks:
        desk.close_session()


@pytest.fixture
def desk(connect: t.Callable[..., EmailDesk]) -> EmailDesk:
    return connect()


def found(desk: Desk, task: str = TASK) -> list[str]:
    return [ticket.reference for ticket in desk.find([task])]


def only(desk: Desk, reference: str) -> t.Any:
    return desk.read([reference])[reference]


def report(about: str, address: str, why: str = "smtp; 550 5.1.1 User unknown") -> bytes:
    return (
        f"Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nTo: {OURS}\r\nSubject: Undelivered Mail\r\n"
        f"Message-ID: <report-{about}-{address}>\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nSorry\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; {address}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        f"Diagnostic-Code: {why}\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        f"Message-ID: <{about}>\r\n\r\n--b--\r\n"
    ).encode()


# ---- what goes out


def test_a_mail_says_what_it_is_and_where_answers_go(server: EmailServer, connect: t.Callable[..., EmailDesk]) -> None:
    desk = connect(reply_to="answers@acme.example", plus_address="yes")
    server.system.smtp.known.add("answers@acme.example")
    desk.open(dataclasses.replace(LETTER, urgency="emergency"))
    (mail,) = [parsed(content) for content in server.system.smtp.to(SAM)]
    assert mail["From"] == f"Rollcall at Acme <{OURS}>"
    assert mail["Reply-To"] == f"answers+{TASK}@acme.example"
    assert (mail["Auto-Submitted"], mail["Importance"]) == ("auto-generated", "high")
    assert mail["X-Rollcall-Task"] == TASK
    assert mail["Message-ID"] == f"<rollcall.{TASK}.0@acme.example>"
    assert mail.get_content().split("\r\n") == [*LETTER.text.split("\n"), ""]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "Access\r\nBcc: mallory@evil.example\r\n\r\nbody"),
        ("title", "Access\nX-Rollcall-State: done"),
        ("owner", f"{SAM}\r\nBcc: mallory@evil.example"),
        ("owner", f"{SAM}, mallory@evil.example"),
        ("owner", f"{SAM}> NOTIFY=NEVER <mallory@evil.example"),
        ("text", "Hello\r\n.\r\nMAIL FROM:<mallory@evil.example>\r\n"),
    ],
)
def test_no_text_becomes_a_field_or_a_command(server: EmailServer, desk: EmailDesk, field: str, value: str) -> None:
    server.system.smtp.known.add("mallory@evil.example")
    desk.open(dataclasses.replace(LETTER, **{field: value}))
    copies = [parsed(content) for _uid, content in server.system.imap.contents(COPIES)]
    assert len(copies) == 1
    assert not copies[0]["Bcc"]
    assert copies[0]["X-Rollcall-State"] == "open"
    assert server.system.smtp.to("mallory@evil.example") == []
    assert {one.to for one in server.system.smtp.delivered} <= {SAM, OURS}


def test_what_follows_is_in_the_thread_of_the_first_mail(server: EmailServer, desk: EmailDesk) -> None:
    reference = desk.open(LETTER).reference
    server.people_reply(reference, "When?", SAM)
    assert len(desk.replies(reference)) == 1
    desk.comment(reference, "Today")
    desk.close(reference, "done", "Thank you")
    first, second, third = server.of(reference)
    answer = parsed(server.system.imap.contents("INBOX")[-3][1])
    assert second["In-Reply-To"] == answer["Message-ID"] or answer["Message-ID"] in second["References"]
    assert first["Message-ID"] in second["References"]
    assert first["Message-ID"] in third["References"]
    assert third["Subject"] == f"Re: {LETTER.title}"
    assert len({mail["Message-ID"] for mail in (first, second, third)}) == 3


def test_a_new_owner_gets_the_whole_text_and_the_one_before_is_told(server: EmailServer, desk: EmailDesk) -> None:
    reference = desk.open(LETTER).reference
    assert desk.reassign(reference, KIM) is True
    (mail,) = [parsed(content) for content in server.system.smtp.to(KIM)]
    assert mail.get_content().split() == LETTER.text.split()
    assert [parsed(content).get_content().strip() for content in server.system.smtp.to(SAM)[1:]] == [
        f"This task is with {KIM} now."
    ]
    desk.comment(reference, "Please")
    assert (len(server.system.smtp.to(KIM)), len(server.system.smtp.to(SAM))) == (2, 2)


# ---- once, whatever happens


@pytest.mark.parametrize("code", ["451 4.3.0 Try again later", "421 4.7.0 Too many connections", "452 4.2.2 Full"])
def test_a_server_that_cannot_now_has_sent_nothing(server: EmailServer, connect: t.Any, code: str) -> None:
    server.system.smtp.refuse[SAM] = code
    with pytest.raises(Transient, match=code[:3]):
        connect().open(LETTER)
    assert server.system.smtp.delivered == []
    assert found(connect()) == []


def test_a_mail_that_was_taken_without_a_word_is_found_and_not_sent_again(server: EmailServer, connect: t.Any) -> None:
    server.system.smtp.refuse["hang up"] = "after it was taken"
    with pytest.raises(Transient, match="nobody knows"):
        connect().open(LETTER)
    assert found(connect()) == [f"rollcall.{TASK}.0@acme.example"]
    assert server.system.imap.contents(COPIES) == []  # known by the copy that came to us by mail


def test_a_mail_whose_copy_could_not_be_kept_is_a_ticket_and_the_last_one_for_now(
    server: EmailServer, connect: t.Any
) -> None:
    full = connect(sent_folder="Not there")
    made = full.open(LETTER)
    assert (made.task, made.assignee) == (TASK, SAM)
    for write in (
        lambda: full.open(dataclasses.replace(LETTER, task="ffffffffff")),
        lambda: full.comment(made.reference, "More"),
    ):
        with pytest.raises(Refused, match="Not there"):
            write()
    assert len(server.system.smtp.to(SAM)) == 1
    desk = connect()
    assert found(desk) == [made.reference]
    assert only(desk, made.reference) == made
    desk.comment(made.reference, "Still to do")
    assert [mail["Subject"] for mail in server.of(made.reference)] == [LETTER.title, f"Re: {LETTER.title}"]


def test_a_mail_of_which_nothing_is_known_is_sent_again_as_the_same_mail(server: EmailServer, connect: t.Any) -> None:
    server.system.smtp.refuse["hang up"] = "deaf"
    with pytest.raises(Transient):
        connect().open(LETTER)
    desk = connect()
    assert found(desk) == []
    desk.open(LETTER)
    connect(sent_folder="Not there").open(LETTER)  # as two runs might that do not know of each other
    ids = {parsed(content)["Message-ID"] for content in server.system.smtp.to(SAM)}
    assert len(server.system.smtp.to(SAM)) == 2
    assert len(ids) == 1
    assert found(connect()) == [f"rollcall.{TASK}.0@acme.example"]


def test_nobody_can_make_us_believe_that_a_mail_is_ours(server: EmailServer, connect: t.Any) -> None:
    marks = {"Message_ID": f"<rollcall.{TASK}.0@acme.example>", "X_Rollcall_Task": TASK, "X_Rollcall_Event": "opened"}
    forged = server.write(OURS, LETTER.title, LETTER.text)
    for name, value in marks.items():
        del forged[name.replace("_", "-")]
        forged[name.replace("_", "-")] = value
    forged["X-Rollcall-State"] = "open"
    forged["X-Rollcall-Signature"] = "0" * 64
    server.system.imap.deliver(forged.as_bytes())
    server.people_open(LETTER.title, LETTER.text, SAM)
    desk = connect()
    assert found(desk) == []
    reference = desk.open(LETTER).reference
    closed = server.write(OURS, LETTER.title, "", X_Rollcall_Event="closed", X_Rollcall_State="done")
    closed.replace_header("Message-ID", f"<rollcall.{TASK}.7@acme.example>")
    closed["X-Rollcall-Reference"], closed["X-Rollcall-Task"] = reference, TASK
    server.system.imap.deliver(closed.as_bytes())
    assert only(desk, reference).state == "open"


# ---- who cannot be reached


def test_an_owner_whom_the_server_refuses_leaves_a_ticket_that_says_so(server: EmailServer, connect: t.Any) -> None:
    desk = connect()
    made = desk.open(dataclasses.replace(LETTER, owner="gone@acme.example"))
    for ticket in (made, only(connect(), made.reference)):
        assert (ticket.state, ticket.assignee, desk.meaning(ticket)) == ("bounced", "", "open")
        assert ticket.fields["not_delivered_to"] == "gone@acme.example"
        assert "User unknown" in ticket.fields["not_delivered_because"]
    assert server.system.smtp.delivered == []
    desk.comment(made.reference, "A reminder to nobody")
    assert desk.reassign(made.reference, KIM) is True
    ticket = only(desk, made.reference)
    assert (ticket.state, ticket.assignee, dict(ticket.fields)) == ("open", KIM, {})


def test_a_mail_that_comes_back_is_told_with_address_and_reason(server: EmailServer, desk: EmailDesk) -> None:
    made = desk.open(LETTER)
    server.system.imap.deliver(report(made.reference, SAM))
    ticket = only(desk, made.reference)
    assert (ticket.state, desk.meaning(ticket)) == ("bounced", "open")
    assert ticket.fields["not_delivered_to"] == SAM
    assert "User unknown" in ticket.fields["not_delivered_because"]
    assert ticket.version != made.version
    (reply,) = desk.replies(made.reference)
    assert SAM in reply.text
    assert read_reply(reply.text) == read_reply("")  # shown to people, and no answer
    desk.reassign(made.reference, KIM)
    assert only(desk, made.reference).state == "open"
    server.system.imap.deliver(report(f"rollcall.{TASK}.1@acme.example", KIM))
    assert only(desk, made.reference).state == "bounced"


def test_who_answers_is_reached_whatever_came_back(server: EmailServer, desk: EmailDesk) -> None:
    made = desk.open(LETTER)
    server.system.imap.deliver(report(made.reference, SAM), at=1_772_000_000)
    server.people_reply(made.reference, "done", SAM)
    assert only(desk, made.reference).state == "open"


def test_what_comes_back_of_another_s_mail_changes_nothing(server: EmailServer, desk: EmailDesk) -> None:
    made = desk.open(LETTER)
    server.system.imap.deliver(report("rollcall.ffffffffff.0@acme.example", SAM))
    assert only(desk, made.reference) == made
    server.system.imap.deliver(report(made.reference, OURS))  # our own copy: the mailbox is full
    desk.reassign(made.reference, KIM)
    server.system.imap.deliver(report(f"rollcall.{TASK}.2@acme.example", SAM))  # that it is with Kim now
    assert only(desk, made.reference).state == "open"


def test_what_comes_back_from_where_an_address_leads_to_is_the_owner_s(server: EmailServer, desk: EmailDesk) -> None:
    made = desk.open(LETTER)
    server.system.imap.deliver(report(made.reference, "sam@where-the-mail-is-forwarded.example"))
    ticket = only(desk, made.reference)
    assert ticket.state == "bounced"
    assert ticket.fields["not_delivered_to"] == "sam@where-the-mail-is-forwarded.example"


def test_a_domain_in_another_script_is_written_as_servers_write_it(server: EmailServer, desk: EmailDesk) -> None:
    server.system.smtp.known.add("sam@xn--shne-5qa.example")
    ticket = desk.open(dataclasses.replace(LETTER, owner="sam@söhne.example"))
    assert ticket.assignee == only(desk, ticket.reference).assignee == "sam@söhne.example"
    assert len(server.system.smtp.to("sam@xn--shne-5qa.example")) == 1
    server.system.imap.deliver(report(ticket.reference, "sam@xn--shne-5qa.example"))
    assert only(desk, ticket.reference).state == "bounced"


def test_an_absence_note_is_no_answer_and_no_news(server: EmailServer, desk: EmailDesk) -> None:
    made = desk.open(LETTER)
    note = server.write(
        SAM, "Automatic reply", "done", In_Reply_To=f"<{made.reference}>", Auto_Submitted="auto-replied"
    )
    server.system.imap.deliver(note.as_bytes())
    assert only(desk, made.reference) == made
    assert desk.replies(made.reference) == ()


# ---- who may answer


@pytest.mark.parametrize("by", [MALLORY, f"{SAM}.evil.example", "sam.owner@sub.acme.example", "someone@acme.example"])
def test_an_answer_of_who_was_not_asked_is_shown_and_does_not_count(
    server: EmailServer, connect: t.Any, by: str
) -> None:
    desk = connect(answer_domains=None)
    reference = desk.open(LETTER).reference
    server.people_reply(reference, "done", by)
    (reply,) = desk.replies(reference)
    assert (reply.by, read_reply(reply.text).done) == (by, "")
    assert "does not count" in reply.text
    server.people_reply(reference, "done", SAM.upper())
    assert read_reply(desk.replies(reference)[-1].text).done == "yes"


def test_whoever_was_asked_before_may_still_answer(server: EmailServer, connect: t.Any) -> None:
    desk = connect(answer_domains=None)
    reference = desk.open(LETTER).reference
    desk.reassign(reference, KIM)
    for by in (SAM, KIM):
        server.people_reply(reference, "done", by)
    assert [read_reply(reply.text).done for reply in desk.replies(reference)] == ["yes", "yes"]


@pytest.mark.parametrize(
    ("header", "counts"),
    [
        ("mx.acme.example; dmarc=pass header.from=acme.example", True),
        ("mx.acme.example; dmarc=fail header.from=acme.example", False),
        ("mx.evil.example; dmarc=pass header.from=acme.example", False),
        ("", False),
    ],
)
def test_a_sender_must_be_vouched_for_where_that_is_asked(
    server: EmailServer, connect: t.Any, header: str, counts: bool
) -> None:
    desk = connect(require_authenticated="mx.acme.example")
    reference = desk.open(LETTER).reference
    more = {"Authentication_Results": header} if header else {}
    answer = server.write(SAM, "Re", "done", In_Reply_To=f"<{reference}>", **more)
    server.system.imap.deliver(answer.as_bytes())
    (reply,) = desk.replies(reference)
    assert (read_reply(reply.text).done == "yes") is counts
    asking = server.write(KIM, "Access", "app: crm", **more)
    server.system.imap.deliver(asking.as_bytes(), REQUESTS)
    (request,) = desk.requested()
    assert (request.requester == KIM) is counts


def test_a_mail_that_only_copies_the_subject_belongs_to_nothing(server: EmailServer, desk: EmailDesk) -> None:
    made = desk.open(LETTER)
    server.people_open(f"Re: {LETTER.title}", "done", SAM)
    assert only(desk, made.reference) == made
    assert desk.replies(made.reference) == ()


def test_an_answer_to_an_answer_and_one_to_the_task_s_own_address_belong_to_it(
    server: EmailServer, connect: t.Any
) -> None:
    desk = connect(plus_address="true")
    reference = desk.open(LETTER).reference
    first = server.write(SAM, "Re", "not yet", In_Reply_To=f"<{reference}>")
    second = server.write(SAM, "Re", "note: soon", In_Reply_To=first["Message-ID"])
    third = server.write(SAM, "Something else", "done")
    third.replace_header("To", f"Rollcall <rollcall+{TASK}@acme.example>")
    for mail in (first, second, third):
        server.system.imap.deliver(mail.as_bytes())
    assert [reply.text.strip() for reply in desk.replies(reference)] == ["not yet", "note: soon", "done"]


# ---- reading


def test_a_thousand_tasks_are_read_in_a_few_commands(
    server: EmailServer, connect: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = connect()
    desk.open(LETTER)
    ((_uid, copy),) = server.system.imap.contents(COPIES)
    tasks = [f"{number:010x}" for number in range(1000)]
    for task in tasks:
        server.system.imap.deliver(copy.replace(TASK.encode(), task.encode()), COPIES)
    server.fill(50)
    sent: list[str] = []
    command = imaplib.IMAP4._command

    def counted(self: imaplib.IMAP4, name: str, *args: t.Any) -> t.Any:
        sent.append(name)
        return command(self, name, *args)

    monkeypatch.setattr(imaplib.IMAP4, "_command", counted)
    desk = connect()
    references = [f"rollcall.{task}.0@acme.example" for task in tasks]
    assert set(desk.read(references)) == set(references)
    assert len(sent) < 25
    sent.clear()
    assert {ticket.task for ticket in desk.find(tasks)} == set(tasks)
    for reference in references[:20]:
        assert desk.replies(reference) == ()
    assert len(sent) < 60


def test_a_connection_that_was_dropped_meanwhile_is_made_again(server: EmailServer, desk: EmailDesk) -> None:
    reference = desk.open(LETTER).reference
    assert only(desk, reference).state == "open"
    server.system.imap.drop()
    server.system.smtp.drop()
    assert only(desk, reference).state == "open"
    desk.comment(reference, "Please")
    assert len(server.of(reference)) == 2


def test_a_folder_that_was_made_anew_is_read_anew(server: EmailServer, desk: EmailDesk) -> None:
    reference = desk.open(LETTER).reference
    assert found(desk) == [reference]
    client = server.system.imap.mailbox()
    client.select("INBOX")
    client.delete(COPIES)
    server.reset()
    assert found(desk) == []
    with pytest.raises(NotFound, match=TASK):
        desk.comment(reference, "Please")


def test_a_folder_may_have_any_name(server: EmailServer, connect: t.Any) -> None:
    server.system.imap.mailbox().create('"S&APY-hne &- \\"x\\""')
    desk = connect(sent_folder='Söhne & "x"')
    desk.open(LETTER)
    assert len(found(connect(sent_folder='Söhne & "x"'))) == 1


# ---- how servers are reached


def test_a_certificate_that_nobody_vouches_for_is_refused(server: EmailServer, connect: t.Any) -> None:
    desk = connect(ca_file=None)
    with pytest.raises(Refused, match="ca_file"):
        desk.open(LETTER)
    with pytest.raises(Refused, match="ca_file"):
        list(desk.find([TASK]))


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_servers_that_are_encrypted_from_the_first_byte(started: MailSystem) -> None:
    imap = ImapServer(started.files, tls=True)
    smtp = SmtpServer(started.files, imap, tls="tls")
    imap.start()
    smtp.start()
    try:
        imap.empty(COPIES)
        smtp.known.add(SAM)
        connection = {**CASE.settings(0).connection, "smtp_port": smtp.port, "smtp_security": "tls"}
        connection |= {"imap_port": str(imap.port), "imap_security": "tls"}
        desk = EmailDesk(DeskSettings("mail", "email", connection), connection)
        desk.open(LETTER)
        assert len(found(desk)) == 1
        desk.close_session()
    finally:
        smtp.stop()
        imap.stop()


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_a_server_without_encryption_gets_nothing(started: MailSystem) -> None:
    smtp = SmtpServer(started.files, tls="none")
    smtp.start()
    try:
        connection = {**CASE.settings(0).connection, "smtp_port": smtp.port}
        with pytest.raises(Refused, match="does not offer") as caught:
            EmailDesk(DeskSettings("mail", "email", connection), connection).open(LETTER)
        assert PASSWORD not in str(caught.value)
        assert smtp.delivered == []
    finally:
        smtp.stop()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"smtp_security": "none", "smtp_host": "mail.acme.example"}, "smtp_security"),
        ({"imap_security": "none", "imap_host": "mail.acme.example"}, "imap_security"),
        ({"smtp_security": "ssl"}, "smtp_security"),
        ({"from": "nobody"}, "from"),
        ({"from": "Rollcall <a@acme.example>\r\nBcc: x@y.z"}, "from"),
        ({"reply_to": "a b"}, "reply_to"),
        ({"smtp_port": "smtp"}, "smtp_port"),
        ({"sent_folder": "INBOX"}, "sent_folder"),
        ({"imap_username": None, "username": None, "password": None}, "imap_username"),
        ({"imap_host": None}, "requests"),
    ],
)
def test_options_that_cannot_be_used_are_named(connect: t.Any, options: dict[str, t.Any], named: str) -> None:
    with pytest.raises(PolicyError, match=named) as caught:
        connect(**options)
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize("what", ["place", "states", "fields"])
def test_what_a_mail_does_not_have_is_not_taken_from_the_catalog(server: EmailServer, what: str) -> None:
    settings = CASE.settings(0)
    value: dict[str, t.Any] = {"place": {"folder": "x"}, "states": {"done": ("x",)}, "fields": {"note": "x"}}
    with pytest.raises(PolicyError, match=what):
        EmailDesk(dataclasses.replace(settings, **{what: value[what]}), settings.connection)


# ---- without a mailbox


def test_without_a_mailbox_mails_go_out_and_nothing_is_read(server: EmailServer) -> None:
    options = {"imap_host": None, "imap_port": None, "imap_security": None, "answer_domains": None}
    connection = {name: value for name, value in CASE.settings(0).connection.items() if name not in options}
    desk = EmailDesk(DeskSettings("mail", "email", connection), connection)
    made = desk.open(LETTER)
    assert found(desk) == []
    ticket = only(desk, made.reference)
    assert (ticket.version, desk.meaning(ticket), ticket.assignee) == ("", "", SAM)
    assert desk.replies(made.reference) == ()
    desk.comment(made.reference, "Please")
    desk.close(made.reference, "done", "Thank you")
    assert desk.reassign(made.reference, KIM) is True
    mails = [parsed(content) for content in server.system.smtp.to(SAM)]
    assert [mail["In-Reply-To"] for mail in mails[1:3]] == [f"<rollcall.{TASK}.0@acme.example>"] * 2
    assert TASK in parsed(server.system.smtp.to(KIM)[0]).get_content()
    assert {one.to for one in server.system.smtp.delivered} == {SAM, KIM}
    with pytest.raises(NotFound):
        desk.comment("rollcall.x", "Please")
    desk.close_session()


# ---- together with what reads answers


def test_an_answer_above_our_own_letter_ends_the_task_with_the_name_and_the_file(
    server: EmailServer, desk: EmailDesk
) -> None:
    task = dataclasses.replace(sample.task(sample.create()), owner=SAM, desk="mail")
    ticket = desk.open(letter_for(task, sample.SEMRUSH, desk.settings))
    sent = server.of(ticket.reference)[0].get_content()
    assert "reply to this mail with one of these lines" in sent
    assert "close this ticket" not in sent
    # as Outlook answers: the mail below, without marks
    server.people_reply(
        ticket.reference,
        f"Hi,\n\naccount: a.chen\n\nRegards\nSam\n\n________________________________\n{sent}",
        SAM,
        Attachment("proof.png", b"\x89PNG"),
    )
    task = dataclasses.replace(task, reference=ticket.reference, told="open", told_owner=SAM, seen=ticket.version)
    now = only(desk, ticket.reference)
    assert needs_replies(task, now)
    followed = follow(desk, task, now, desk.replies(ticket.reference), ())
    assert followed.answer is not None
    assert (followed.answer.done, followed.answer.account_name, followed.answer.by) == ("yes", "a.chen", SAM)
    assert [(by, file.name, file.content) for by, file in followed.attachments] == [(SAM, "proof.png", b"\x89PNG")]


def test_a_report_and_a_stranger_leave_the_task_open_and_in_sight(server: EmailServer, connect: t.Any) -> None:
    desk = connect(answer_domains=None)
    ticket = desk.open(LETTER)
    task = dataclasses.replace(sample.task(sample.create()), owner=SAM, desk="mail", reference=ticket.reference)
    server.people_reply(ticket.reference, "done\naccount: root", MALLORY)
    server.system.imap.deliver(report(ticket.reference, SAM))
    followed = follow(desk, task, only(desk, ticket.reference), desk.replies(ticket.reference), ())
    assert followed.answer is None
    assert followed.ask == ""
    assert followed.task.state == "open"
    assert SAM in followed.task.attention
    assert "User unknown" in followed.task.attention
