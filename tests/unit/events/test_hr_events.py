# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the webhooks of HR systems become, and what is refused; over HTTP, against the listener itself."""

from __future__ import annotations

import datetime as dt
import json
import logging
import pathlib
import re
import runpy
import socket
import string
import typing as t

import pytest
import requests
import yaml
from ansible_collections.rollcall.access.plugins.module_utils.company.hr_ids import group_of_id
from ansible_collections.rollcall.access.tests.servers.certificates import certificates
from ansible_collections.rollcall.access.tests.unit.events import listening as place
from ansible_collections.rollcall.access.tests.unit.events.listening import (
    BAMBOOHR,
    FILE,
    GENERIC,
    Signed,
    bamboohr_event,
    from_bamboohr,
    from_bob,
    from_others,
    from_workday,
    listening,
)

hr_events = place.source()
main = hr_events.main
JOINED = {"type": "joined", "data": {"person": "7"}}


def now_as_text() -> str:
    return dt.datetime.now(dt.UTC).isoformat()


#: Of each vendor: a webhook about the person 7, made anew at each call.
ONE: dict[str, t.Callable[[], Signed]] = {
    "bamboohr": lambda: from_bamboohr(bamboohr_event("employee.created", "7")),
    "hibob": lambda: from_bob("employee.joined", "7"),
    "workday": lambda: from_workday({"id": "1", "time": now_as_text(), "event": "joined", "worker": "7"}),
    "generic": lambda: from_others(JOINED),
}
#: Another letter or digit for each: its neighbour, so that hexadecimal stays hexadecimal (whose case says nothing).
NEIGHBOURS = str.maketrans(
    string.digits + string.ascii_letters, "1032547698" + "badcfehgjilknmporqtsvuxwzyBADCFEHGJILKNMPORQTSVUXWZY"
)
PROOF = {
    "bamboohr": "X-BambooHR-Signature",
    "hibob": "Bob-Signature",
    "workday": "Authorization",
    "generic": "webhook-signature",
}


@pytest.mark.parametrize("vendor", ONE)
def test_a_signed_webhook_becomes_a_hint_once(vendor: str, tmp_path: pathlib.Path) -> None:
    with listening(main, vendor, tmp_path) as here:
        signed = ONE[vendor]()
        assert here.post(*signed).status_code == 200
        (event,) = here.rulebook.taken()
        # whoever did not get the answer sends again: that is no error, and nothing happens
        again = here.post(*signed)
        assert (again.status_code, again.content) == (200, b"")
        assert here.rulebook.taken() == []
    assert event["meta"] == {"hosts": group_of_id("7")}
    assert (event["hr"]["vendor"], event["hr"]["kind"], event["hr"]["person"]) == (vendor, "joined", "7")


@pytest.mark.parametrize("vendor", ONE)
def test_what_is_not_signed_right_is_refused_without_a_word(vendor: str, tmp_path: pathlib.Path) -> None:
    with listening(main, vendor, tmp_path) as here:
        body, headers = ONE[vendor]()
        proof = headers[PROOF[vendor]]
        # the Basic authentication of an integration says nothing about the body
        bodies = [] if vendor == "workday" else [(body.replace(b"7", b"8"), headers)]
        forged = [
            (body, {name: value for name, value in headers.items() if name != PROOF[vendor]}),
            (body, {}),
            (body, {**headers, PROOF[vendor]: ""}),
            (body, {**headers, PROOF[vendor]: proof[:-6]}),
            (body, {**headers, PROOF[vendor]: proof[:-6] + proof[-6:].translate(NEIGHBOURS)}),
            (body, {**headers, PROOF[vendor]: "ü" * 64}),
            *bodies,
        ]
        for request in forged:
            answer = here.post(request[0], {name: value.encode("utf-8") for name, value in request[1].items()})
            assert (answer.status_code, answer.content) == (401, b""), request
        assert here.rulebook.taken() == []
        # and none of them stands in the way of the true one
        assert here.post(body, headers).status_code == 200
        assert here.rulebook.hints() == [("joined", "7")]


def test_signatures_are_those_that_another_program_makes() -> None:
    # printf BODY1658248023 | openssl dgst -sha256 -hmac KEY
    body = b'{"type":"employee.updated","data":{"employeeId":"67890"}}'
    signature = "ff792847bdd8ab311031fe013629f6b89c9fa5d2c6028fbace1accd0a46a2efb"
    settings = hr_events.Settings("bamboohr", (BAMBOOHR.encode(),), 1)
    headers = {"X-BambooHR-Timestamp": "1658248023", "X-BambooHR-Signature": signature}
    assert hr_events.bamboohr_delivery(headers, body, settings).time == 1658248023
    # printf BODY | openssl dgst -sha512 -hmac KEY -binary | base64
    body = b'{"type":"employee.left","triggeredAt":"2025-01-08T13:06:26.915906",'
    body += b'"data":{"employeeId":"3332883854254932743"}}'
    signature = "U3SWwi3BtAQ2HM9tzRuTbfq4Y4ms3PWFjue02jGCH94JNgavybtqWLb84U0cFMEWvozHR6upQDDGOsQ9y44XYw=="
    settings = hr_events.Settings("hibob", (place.BOB.encode(),), 1)
    delivery = hr_events.hibob_delivery({"Bob-Signature": signature}, body, settings)
    assert delivery.time == dt.datetime(2025, 1, 8, 13, 6, 26, 915906, tzinfo=dt.UTC).timestamp()


@pytest.mark.parametrize("away", [-4, 4])
def test_what_is_too_old_or_of_tomorrow_is_refused(away: int, tmp_path: pathlib.Path) -> None:
    hours = dt.timedelta(hours=away)
    then = dt.datetime.now(dt.UTC) + hours
    with listening(main, "bamboohr", tmp_path) as here:
        late = from_bamboohr(bamboohr_event("employee.created", "7"), when=then.timestamp())
        assert here.post(*late).status_code == 401
        assert here.rulebook.taken() == []
    (tmp_path / "secret").unlink()
    with listening(main, "generic", tmp_path) as here:
        assert here.post(*from_others(JOINED, when=then)).status_code == 401
        assert here.rulebook.taken() == []
    (tmp_path / "secret").unlink()
    # HiBob has the time of the change, and repeats it for longer
    with listening(main, "hibob", tmp_path) as here:
        assert here.post(*from_bob("employee.left", "7", when=then)).status_code == 200
        assert here.post(*from_bob("employee.left", "7", when=then + 24 * hours)).status_code == 401


def test_a_restart_forgets_nothing_where_there_is_a_file(tmp_path: pathlib.Path) -> None:
    memory = tmp_path / "events.db"
    signed = from_others(JOINED)
    with listening(main, "generic", tmp_path, memory=str(memory)) as here:
        assert here.post(*signed).status_code == 200
        assert len(here.rulebook.taken()) == 1
    assert memory.stat().st_mode & 0o077 == 0
    with listening(main, "generic", tmp_path, memory=str(memory)) as here:
        assert here.post(*signed).status_code == 200
        assert here.rulebook.taken() == []
        assert here.post(*from_others(JOINED, id="msg_2")).status_code == 200
        assert len(here.rulebook.taken()) == 1


def test_what_is_too_old_to_be_taken_is_no_longer_remembered(tmp_path: pathlib.Path) -> None:
    memory = hr_events.Memory(str(tmp_path / "events.db"))
    assert memory.is_new("one", until=100, now=0)
    assert not memory.is_new("one", until=100, now=100)
    assert memory.is_new("one", until=300, now=101)
    memory.close()


def test_a_full_rulebook_has_the_sender_come_again(tmp_path: pathlib.Path) -> None:
    with listening(main, "generic", tmp_path, queue_timeout=1) as here:
        here.rulebook.full = True
        signed = from_others(JOINED)
        refused = here.post(*signed)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "60")
        here.rulebook.full = False
        assert here.post(*signed).status_code == 200
        assert here.rulebook.hints() == [("joined", "7")]


def test_a_memory_that_cannot_be_used_has_the_sender_come_again(tmp_path: pathlib.Path) -> None:
    memory = tmp_path / "events.db"
    with listening(main, "generic", tmp_path, memory=str(memory)) as here:
        memory.write_bytes(b"this is no database" * 1000)
        assert here.post(*from_others(JOINED)).status_code == 503
        assert here.rulebook.taken() == []


def test_an_old_secret_is_good_until_the_sender_has_the_new_one(tmp_path: pathlib.Path) -> None:
    (tmp_path / "secret").write_text("the-new-key-of-bamboohr\n\n" + BAMBOOHR + "\n", encoding="utf-8")
    with listening(main, "bamboohr", tmp_path) as here:
        for person, secret in (("7", BAMBOOHR), ("8", "the-new-key-of-bamboohr")):
            signed = from_bamboohr(bamboohr_event("employee.created", person), secret=secret)
            assert here.post(*signed).status_code == 200
        assert here.post(*from_bamboohr(bamboohr_event("employee.created", "9"), secret="no-key")).status_code == 401
        assert here.rulebook.hints() == [("joined", "7"), ("joined", "8")]
    (tmp_path / "secret").write_text(GENERIC, encoding="utf-8")
    with listening(main, "generic", tmp_path) as here:
        body, headers = from_others(JOINED)
        headers["webhook-signature"] = "v1a,AAAA v1,AAAA " + headers["webhook-signature"]
        assert here.post(body, headers).status_code == 200
        assert here.rulebook.hints() == [("joined", "7")]


def test_a_body_that_is_too_large_or_never_comes_is_refused(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hr_events, "READING", 0.3)
    with listening(main, "bamboohr", tmp_path, max_bytes=2000) as here:
        assert here.post(*from_bamboohr(b"{" + b" " * 2000)).status_code == 413
        port = int(here.url.rpartition(":")[2].strip("/"))
        with socket.create_connection(("127.0.0.1", port), timeout=30) as slow:
            slow.sendall(b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 1000\r\n\r\n{")
            assert slow.recv(100).startswith(b"HTTP/1.1 408 ")
        assert here.rulebook.taken() == []


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b'"text"', b"[" * 5000, b'{"employees": 7}', b"\xff\xfe"])
def test_what_is_signed_and_makes_no_sense_is_refused_for_good(body: bytes, tmp_path: pathlib.Path) -> None:
    with listening(main, "bamboohr", tmp_path) as here:
        answer = here.post(*from_bamboohr(body))
        assert answer.status_code == (200 if body.startswith(b'{"employees') else 400)
        assert here.rulebook.taken() == []


@pytest.mark.parametrize(
    "person",
    [
        "",
        "all",
        "*",
        "7:8",
        "7,8",
        "7 8",
        "!7",
        "~.*",
        "../7",
        "{{ 7 }}",
        "7\n",
        "-7",
        "ü",
        "\uff17",
        "7" * 65,
        None,
        7.5,
        ["7"],
    ],
)
def test_an_id_that_could_be_anything_else_goes_nowhere(person: t.Any, tmp_path: pathlib.Path) -> None:
    with listening(main, "hibob", tmp_path) as here:
        answer = here.post(*from_bob("employee.joined", person))
        taken = here.rulebook.taken()
    if person == "all":
        # a word like any other: its group has one person at most
        assert [event["meta"]["hosts"] for event in taken] == ["hr_id_all"]
    else:
        assert (answer.status_code, taken) == (400, [])


def test_the_limit_of_an_event_is_the_group_that_the_inventory_makes() -> None:
    for person in ("7", "EMP-1042", "a_b", "a.b", "A-1_2.3"):
        assert hr_events.PERSON.fullmatch(person)
        assert hr_events.group_of(person) == group_of_id(person)


def test_what_hr_knows_of_a_person_goes_nowhere(tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    fields = {"firstName": {"value": "Canary"}, "ssn": {"value": "canary-123"}}
    employees = [{"id": "7", "action": "Updated", "changedFields": ["ssn"], "fields": fields}]
    with listening(main, "bamboohr", tmp_path) as here:
        assert here.post(*from_bamboohr({"employees": employees})).status_code == 200
        assert here.post(*from_bamboohr({"employees": employees}, secret="canary")).status_code == 401
        (event,) = here.rulebook.taken()
    assert event["hr"].keys() == {"vendor", "type", "kind", "person", "delivery"}
    seen = json.dumps(event) + caplog.text
    assert "canary" not in seen.casefold()
    assert BAMBOOHR not in seen


def test_rubbish_does_not_fill_the_log(tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture) -> None:
    with listening(main, "bamboohr", tmp_path) as here:
        for number in range(20):
            assert here.post(b"%d" % number, {}).status_code == 401
    assert [record.message for record in caplog.records if "signature" in record.message] == [
        "hr_events: bamboohr: the signature is wrong"
    ]


def test_bamboohr_says_joined_changed_and_left(tmp_path: pathlib.Path) -> None:
    employees = [{"id": 7, "action": "Created"}, {"id": "8", "action": "Updated"}, {"id": "9", "action": "Deleted"}]
    with listening(main, "bamboohr", tmp_path) as here:
        for word in (
            "employee.created",
            "employee.updated",
            "employee.deleted",
            "employee_with_fields.created",
            "other",
        ):
            assert here.post(*from_bamboohr(bamboohr_event(word, "7"))).status_code == 200
        assert [kind for kind, _person in here.rulebook.hints()] == ["joined", "changed", "left", "joined"]
        assert here.post(*from_bamboohr({"employees": employees})).status_code == 200
        assert here.rulebook.hints() == [("joined", "7"), ("changed", "8"), ("left", "9")]
        # one odd entry does not keep the others back
        odd = [{"id": "{{ 7 }}", "action": "Created"}, {"id": "8", "action": "Created"}, "text"]
        assert here.post(*from_bamboohr({"employees": odd})).status_code == 200
        assert here.rulebook.hints() == [("joined", "8")]


def test_hibob_says_joined_changed_and_left(tmp_path: pathlib.Path) -> None:
    kinds = {
        "employee.created": "joined",
        "employee.joined": "joined",
        "employee.updated": "changed",
        "employee.activated": "changed",
        "table.entry.created": "changed",
        "employee.left": "left",
        "employee.inactivated": "left",
        "employee.access.revoked.immediately": "left",
        "docs.document.uploaded": None,
    }
    with listening(main, "hibob", tmp_path) as here:
        for word in kinds:
            assert here.post(*from_bob(word, "3332883854254932743")).status_code == 200
        assert [kind for kind, _person in here.rulebook.hints()] == [kind for kind in kinds.values() if kind]
        # how Bob tries an address, before there is a secret
        for ping in (b"Ping test", b'"Ping test"', b'{"text": "Ping test"}'):
            assert here.post(ping, {}).status_code == 200
        assert here.rulebook.taken() == []


def test_words_of_the_sender_are_what_the_rulebook_says_they_are(tmp_path: pathlib.Path) -> None:
    types = {"Hire Employee": "joined", "Terminate Employee": "left"}
    body = {"id": "1", "time": now_as_text(), "event": "Terminate Employee", "worker": "EMP-7"}
    with listening(main, "workday", tmp_path, types=types, username="wd") as here:
        assert here.post(*from_workday(body)).status_code == 401
        assert here.post(*from_workday(body, user="wd")).status_code == 200
        assert here.post(*from_workday({**body, "id": "2", "event": "Promote"}, user="wd")).status_code == 200
        assert here.rulebook.hints() == [("left", "EMP-7")]
        for missing in ("id", "time", "worker"):
            assert here.post(*from_workday({**body, "id": "3", missing: ""}, user="wd")).status_code == 400
        assert here.rulebook.taken() == []
    (tmp_path / "secret").unlink()
    with listening(main, "generic", tmp_path, types={"user.hired": "joined"}, person="user.number") as here:
        assert here.post(*from_others({"type": "user.hired", "user": {"number": 7}})).status_code == 200
        assert here.rulebook.hints() == [("joined", "7")]


def test_an_emergency_comes_through_only_where_it_is_let_through(tmp_path: pathlib.Path) -> None:
    order = {"type": "emergency", "data": {"person": "7"}}
    with listening(main, "generic", tmp_path) as here:
        assert here.post(*from_others(order)).status_code == 200
        assert here.rulebook.taken() == []
    with listening(main, "generic", tmp_path, kinds=["emergency"]) as here:
        assert here.post(*from_others(order)).status_code == 200
        assert here.post(*from_others(JOINED, id="msg_2")).status_code == 200
        assert here.rulebook.hints() == [("emergency", "7")]


def test_only_one_path_and_only_posts_are_answered(tmp_path: pathlib.Path) -> None:
    with listening(main, "generic", tmp_path, path="/hr") as here:
        body, headers = from_others(JOINED)
        assert here.post(body, headers).status_code == 404
        assert requests.get(here.url + "hr", timeout=30).status_code == 405
        assert here.rulebook.taken() == []
        assert requests.post(here.url + "hr", data=body, headers=headers, timeout=30).status_code == 200


def test_tls_is_spoken_and_may_ask_for_a_certificate(tmp_path: pathlib.Path) -> None:
    ours, other = certificates(tmp_path / "ours", "127.0.0.1"), certificates(tmp_path / "other", "127.0.0.1")
    files = {"certfile": str(ours.certificate), "keyfile": str(ours.key)}
    with listening(main, "generic", tmp_path, **files) as here:
        assert here.post(*from_others(JOINED), verify=str(ours.authority)).status_code == 200
        with pytest.raises(requests.exceptions.SSLError):
            here.post(*from_others(JOINED), verify=str(other.authority))
    with listening(main, "generic", tmp_path, **files, cafile=str(ours.authority)) as here:
        known = (str(ours.certificate), str(ours.key))
        assert here.post(*from_others(JOINED), verify=str(ours.authority), cert=known).status_code == 200
        for stranger in (None, (str(other.certificate), str(other.key))):
            with pytest.raises(requests.exceptions.ConnectionError):
                here.post(*from_others(JOINED), verify=str(ours.authority), cert=stranger)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"vendor": "other"}, "vendor"),
        ({"port": "x"}, "port"),
        ({"colour": "red"}, "colour"),
        ({"secret": "no-secret-is-an-option"}, "secret"),
        ({"secret_file": "/no/such/file", "secret_env": None}, "/no/such/file"),
        ({"secret_env": "SHORT"}, "SHORT"),
        ({"secret_env": "MISSING"}, "MISSING"),
        ({"secret_env": "GOOD", "secret_file": "/both"}, "secret_env"),
        ({"secret_env": None}, "secret_env"),
        ({"vendor": "generic", "secret_env": "NO_BASE64"}, "whsec_"),
        ({"kinds": ["fired"]}, "kinds"),
        ({"kinds": "joined"}, "kinds"),
        ({"types": {"hire": "hired"}}, "types"),
        ({"host": "0.0.0.0"}, "certfile"),
        ({"window": 0}, "window"),
        ({"path": "hr"}, "path"),
    ],
)
def test_options_that_are_wrong_are_named_without_the_secret(options: dict[str, t.Any], says: str) -> None:
    environment = {"GOOD": "canary-canary-canary", "SHORT": "canary", "NO_BASE64": "canary-canary-ü-canary"}
    right = {"vendor": "bamboohr", "port": 5010, "secret_env": "GOOD"}
    assert hr_events.settings_from(right, environment).window == 10800
    with pytest.raises(ValueError, match=re.escape(says)) as wrong:
        hr_events.settings_from({**right, **options}, environment)
    assert "canary" not in str(wrong.value)
    assert "canary" not in repr(hr_events.settings_from(right, environment))


def test_every_option_is_documented() -> None:
    fields = set(hr_events.Settings.__dataclass_fields__) - {"secrets"} | {"secret_env", "secret_file"}
    documented = yaml.safe_load(hr_events.DOCUMENTATION)["options"]
    assert documented.keys() == fields
    assert documented["vendor"]["choices"] == list(hr_events.VENDORS)
    for entry in yaml.safe_load(hr_events.EXAMPLES):
        ((name, options),) = entry.items()
        assert name == "rollcall.access.hr_events"
        assert options.keys() <= fields


def test_the_source_runs_alone_as_ansible_rulebook_runs_it(tmp_path: pathlib.Path) -> None:
    with listening(runpy.run_path(str(FILE))["main"], "hibob", tmp_path) as here:
        assert here.post(*from_bob("employee.joined", "7")).status_code == 200
        assert here.rulebook.hints() == [("joined", "7")]
