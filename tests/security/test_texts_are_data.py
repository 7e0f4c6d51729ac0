# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every text of the corpus at each place where it meets a language: held against a parser of that language."""

from __future__ import annotations

import ast
import contextlib
import csv
import dataclasses
import datetime as dt
import email
import email.policy
import io
import json
import pathlib
import re
import types
import urllib.parse

import markdown_it
import pytest
from ansible_collections.rollcall.access.plugins.module_utils.clock import WorkingDay
from ansible_collections.rollcall.access.plugins.module_utils.company.evidence import file_name, shown_name
from ansible_collections.rollcall.access.plugins.module_utils.company.hosts import group_name
from ansible_collections.rollcall.access.plugins.module_utils.connectors.registry import build
from ansible_collections.rollcall.access.plugins.module_utils.connectors.scim_filters import equals as scim_equals
from ansible_collections.rollcall.access.plugins.module_utils.desks.products.email_writing import (
    Outgoing,
    Sender,
    written,
)
from ansible_collections.rollcall.access.plugins.module_utils.desks.review_words import review_task
from ansible_collections.rollcall.access.plugins.module_utils.ledger.store import Ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import AccountKey, App, Person
from ansible_collections.rollcall.access.plugins.module_utils.protocols.directory_names import (
    below,
    equals,
    relative_name,
    split_name,
)
from ansible_collections.rollcall.access.plugins.module_utils.protocols.placeholders import filled, filled_path
from ansible_collections.rollcall.access.plugins.module_utils.reports.comparison import Changed, Comparison
from ansible_collections.rollcall.access.plugins.module_utils.reports.comparison_text import code, markdown
from ansible_collections.rollcall.access.plugins.module_utils.reports.evidence.document import Document, Section
from ansible_collections.rollcall.access.plugins.module_utils.reports.evidence.page import render as render_pack
from ansible_collections.rollcall.access.plugins.module_utils.reports.evidence.pdf import render_pdf
from ansible_collections.rollcall.access.plugins.module_utils.reports.exports import write_report
from ansible_collections.rollcall.access.plugins.module_utils.reports.questions.question import answer
from ansible_collections.rollcall.access.plugins.module_utils.reports.questions.showing import (
    ROWS_SHOWN,
    lines,
    write_answer,
)
from ansible_collections.rollcall.access.plugins.module_utils.reviews.decision_sheet import read_decisions, write_sheet
from ansible_collections.rollcall.access.plugins.module_utils.reviews.page import render
from ansible_collections.rollcall.access.plugins.module_utils.sources.usernames import assign_usernames
from ansible_collections.rollcall.access.plugins.module_utils.tabular import plain_cell, safe_cell, write_csv
from ansible_collections.rollcall.access.plugins.plugin_utils.templates import as_data, resolver
from ansible_collections.rollcall.access.tests.conformance.markdown_page import alive
from ansible_collections.rollcall.access.tests.integration.support.scim import TOKEN, scim_server
from ansible_collections.rollcall.access.tests.security.payloads import PRODUCT, Shape, corpus, payloads
from ansible_collections.rollcall.access.tests.unit.reports.hostile import with_every_text
from ansible_collections.rollcall.access.tests.unit.reports.sample import sample
from ansible_collections.rollcall.access.tests.unit.reviews.page_sample import hostile
from ansible_collections.rollcall.access.tests.unit.reviews.sample import APPS, PEOPLE, opened
from ansible_collections.rollcall.access.tests.unit.reviews.saving import token_for
from ldap3.operation.search import parse_filter
from ldap3.utils.dn import parse_dn
from prometheus_client.openmetrics.parser import text_string_to_metric_families

NOW = dt.datetime(2026, 3, 2, 8, 0, tzinfo=dt.UTC)


def test_the_corpus_has_at_least_three_hundred_texts_of_every_kind() -> None:
    assert len(set(payloads())) == len(payloads()) >= 300
    assert {"jinja", "shell", "html", "formula", "ldap", "scim", "sql", "path", "headers", "unicode", "log"} <= set(
        corpus()
    )
    assert min(map(len, corpus().values())) >= 15


def test_no_cell_is_a_formula_and_every_text_survives_the_journey() -> None:
    rows = [{"text": text, "after": "x"} for text in payloads()]
    read = list(csv.reader(io.StringIO(write_csv(rows, ["text", "after"]), newline="")))[1:]
    assert [(plain_cell(cell), after) for cell, after in read] == [(text, "x") for text in payloads()]
    for cell, _after in read:
        assert not re.match(r"\s*[=+\-@＝＋－＠]|[\t\r\n]", cell), repr(cell)  # noqa: RUF001
        assert cell in (safe_cell(cell), *payloads(), *(f"'{text}" for text in payloads()))


def test_a_text_in_a_directorys_filter_is_one_value() -> None:
    for text in payloads():
        found = parse_filter(equals("uid", text), None, False, None, {}, False)
        assert len(found.elements) == 1, text
        assertion = found.elements[0].assertion
        assert re.fullmatch(rb"(\\[0-9a-f]{2}|[^\\*()\x00])*", assertion["value"]), text
        value = re.sub(rb"\\([0-9a-f]{2})", lambda found: bytes.fromhex(found[1].decode()), assertion["value"])
        assert (assertion["attr"], value) == ("uid", text.encode()), text


def test_a_text_in_a_distinguished_name_is_one_value_of_one_step() -> None:
    for text in filter(None, payloads()):
        name = below(relative_name("cn", text), "ou=people,dc=acme")
        assert len(split_name(name)) == 3, text
        # ldap3 wants every # escaped, which RFC 4514 asks for at the beginning alone
        parsed = parse_dn(re.sub(r"(?<!\\)#", r"\\23", name))
        assert [part[0] for part in parsed] == ["cn", "ou", "dc"], text


def test_a_text_in_a_scim_filter_is_one_json_string() -> None:
    for text in payloads():
        attribute, operator, value = scim_equals("userName", text).split(" ", 2)
        assert (attribute, operator, json.loads(value)) == ("userName", "eq", text)


def test_a_text_in_a_path_is_one_step_of_it() -> None:
    for text in payloads():
        path = filled_path("/users/{id}/roles", {"id": text})
        assert path.count("/") == 3, path
        step = path.split("/")[2]
        assert step not in (".", "..")
        assert not re.search(r"[?#\s\x00-\x1f]", step)
        assert urllib.parse.unquote(step) == text


def test_a_text_in_a_body_is_the_value_and_no_placeholder() -> None:
    for text in payloads():
        body = filled({"email": "{email}", "all": ["{name}: {email}"]}, {"email": text, "name": "x"})
        assert body == {"email": text, "all": [f"x: {text}"]}


def test_a_text_in_a_mail_makes_no_field_and_no_recipient() -> None:
    sender = Sender("Rollcall", "rollcall@acme.example", "rollcall@acme.example", False, b"key")
    plain = Outgoing("T1", "ref", "1", "opened", "open", "o@acme.example", "o@acme.example", "Title", "Text")
    usual = email.message_from_bytes(written(plain, sender, NOW), policy=email.policy.default)
    for text in payloads():
        mail = Outgoing("T1", "ref", "1", "opened", "open", text, text, text, text)
        raw = written(mail, sender, NOW)
        raw.decode("ascii")
        message = email.message_from_bytes(raw, policy=email.policy.default)
        assert len(set(message.keys())) == len(message.keys()), text
        assert {name for name in message if not name.startswith("X-Rollcall-")} <= set(usual.keys()), text
        assert message["X-Rollcall-Task"] == usual["X-Rollcall-Task"]
        assert message["from"] == usual["from"]
        assert not any("evil@" in field for name, field in message.items() if name.lower() in ("from", "bcc", "cc"))
        recipients = [address.addr_spec for address in message["to"].addresses]
        assert len(recipients) <= 1, text
        assert message.get_content_type() == "text/plain"


def test_a_text_is_a_username_that_is_plain_everywhere() -> None:
    people = [Person(f"{n}", given_name=text, family_name=text) for n, text in enumerate(payloads())]
    names = [person.username for person in assign_usernames(people, {})]
    assert len(set(names)) == len(names)
    assert [name for name in names if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name)] == []


def test_a_text_is_the_name_of_a_group_that_ansible_takes() -> None:
    names = [group_name("department", text) for text in payloads()]
    assert [name for name in names if not re.fullmatch(r"department_[^\W]+", name)] == []


def test_a_files_name_is_never_a_path() -> None:
    for text in payloads():
        kept = file_name("ab" * 32, text)
        assert re.fullmatch(r"(ab){32}(\.[a-z0-9]{1,8})?", kept), text
        shown = shown_name(text)
        assert not re.search(r"[/\\\x00-\x1f\x7f]", shown), text
        assert pathlib.PurePosixPath(shown).name in (shown, ""), text


def _literal(text: str) -> object:
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, TypeError, SyntaxError, MemoryError):
        return text


def test_a_text_that_is_marked_as_data_is_never_a_template(tmp_path: pathlib.Path) -> None:
    """On every ansible-core, also where a playbook uses it in a template of its own."""
    from ansible.parsing.dataloader import DataLoader
    from ansible.template import Templar

    loader = DataLoader()
    for text in payloads():
        templar = Templar(loader=loader, variables={"person": as_data({"name": text}), "text": as_data(text)})
        for used in ("{{ person.name }}", "{{ text }}"):
            # before ansible-core 2.19 a text that looks like a literal becomes one: its value, and nothing computed
            assert resolver(templar)(used) in (text, _literal(text)), text
        assert PRODUCT not in str(resolver(templar)("a {{ text }} b"))
    assert list(tmp_path.iterdir()) == []
    assert not pathlib.Path("pwned").exists()


def test_no_text_adds_an_element_an_attribute_or_an_address_to_the_report(tmp_path: pathlib.Path) -> None:
    plain = write_report(with_every_text(sample(), "plain"), tmp_path / "usual")
    usual = Shape(plain[0].read_text(encoding="utf-8"))
    families = {family.name for family in text_string_to_metric_families(plain[-1].read_bytes().decode())}
    for name, texts in corpus().items():
        joined = "|".join(texts)
        files = write_report(with_every_text(sample(), joined), tmp_path / name)
        shape = Shape(files[0].read_text(encoding="utf-8"))
        assert shape.elements <= usual.elements, name
        assert shape.scripts == usual.scripts, name
        away = {lead for lead in shape.leads - usual.leads if not lead.startswith("#")}
        assert away == set(), name
        metrics = files[-1].read_bytes().decode()
        assert {family.name for family in text_string_to_metric_families(metrics)} == families, name


def test_no_text_adds_an_element_an_attribute_or_an_address_to_a_reviewers_page(tmp_path: pathlib.Path) -> None:
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        plain = hostile("plain")
        usual = Shape(render(plain, token_for(ledger, plain)))
        for name, texts in corpus().items():
            packet = hostile("|".join(texts))
            page = render(packet, token_for(ledger, packet))
            shape = Shape(page)
            assert (shape.elements, shape.scripts, shape.leads) == (usual.elements, usual.scripts, usual.leads), name
            assert PRODUCT not in page, name


def test_no_text_of_a_comparison_is_markdown() -> None:
    """A comment at a pull request: a parser of Markdown with tables finds in it what it finds in a plain one."""
    parser = markdown_it.MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])

    def shape(text: str) -> list[tuple[str, str]]:
        found = []
        for token in parser.parse(markdown(_compared(text))):
            found += [(token.type, str(token.attrs)) for token in [token, *(token.children or ())]]
        return [one for one in found if one[0] != "text"]

    usual = shape("plain")
    assert {"table_open", "code_inline", "bullet_list_open"} <= {kind for kind, _attributes in usual}
    for text in payloads():
        found = shape(text)
        if code(text).startswith("`"):
            assert found == usual, text
        else:  # nothing of it can be seen: there is a dash
            assert set(found) <= set(usual), text
        outside = alive(markdown(_compared(text)))
        assert not re.search(r"@\w|#\d|https?:|<", outside), text


def _compared(text: str) -> Comparison:
    one = Changed(text, text, text, True, (text, "b"), (text,), (text,), (text,))
    lost = Changed(text, text, "", False, (), (text,), (), (text,))
    pairs = ((text, text),)
    return Comparison(text, text, text, text, 3, (one, lost), pairs, pairs, (text,), {text: f"{text} x", "b": text})


def test_a_text_in_an_answer_is_one_line_on_screen_and_one_cell_in_a_file(tmp_path: pathlib.Path) -> None:
    texts = payloads()
    made = answer("what at more", [(text, NOW, (text, "x")) for text in texts], "Many", *texts[:9])
    shown = lines(dataclasses.replace(made, rows=made.rows[:ROWS_SHOWN]), dt.timezone.utc)
    assert len(shown) == 2 + ROWS_SHOWN + 9
    for start in range(0, len(texts), ROWS_SHOWN):
        for line in lines(dataclasses.replace(made, rows=made.rows[start : start + ROWS_SHOWN]), dt.timezone.utc):
            assert line.isprintable(), repr(line)
    write_answer(made, tmp_path / "answer.csv", {})
    with (tmp_path / "answer.csv").open(encoding="utf-8", newline="") as file:
        read = list(csv.reader(file))[1:]
    assert [plain_cell(row[0]) for row in read] == [text.encode("utf-8", "replace").decode() for text in texts]
    assert not [row for row in read for cell in row if re.match(r"\s*[=+\-@＝＋－＠]|[\t\r\n]", cell)]  # noqa: RUF001
    write_answer(made, tmp_path / "answer.json", {"company": texts[0]})
    document = json.loads((tmp_path / "answer.json").read_text(encoding="utf-8"))
    assert [row["what"] for row in document["rows"]] == texts


def test_no_text_adds_anything_to_the_page_of_an_evidence_pack_and_none_is_markup_in_its_pdf() -> None:
    usual = Shape(render_pack(_pack("plain")))
    for text in payloads():
        shape = Shape(render_pack(_pack(text)))
        assert (shape.elements, shape.scripts) == (usual.elements, usual.scripts), text
        away = {lead for lead in shape.leads - usual.leads if not re.fullmatch(r"#[\w-]+", lead, re.ASCII)}
        assert away == set(), text
    plain = render_pdf(_pack("plain"))
    for texts in corpus().values():
        # a text that ReportLab took for markup would be refused, make a link, or load a picture
        made = b"".join(render_pdf(_pack(text)) for text in texts)
        assert made.count(b"%%EOF") == len(texts)
        for word in (b"/URI", b"/JavaScript", b"/Launch", b"/EmbeddedFile", b"/XObject", b"/Annots"):
            assert made.count(word) == plain.count(word) * len(texts), word


def _pack(text: str) -> Document:
    section = Section("people", text, text, ("name", text), ((text, "x"), ("x", text)), 1000, "tables/people.csv")
    story = Section(f"story-{text}", text, text, ("when",), ((text,),), 1)
    return Document(text, text, ((text, text),), (("5", text, "people"),), (section, story))


def test_a_text_in_a_reviewers_sheet_comes_back_as_it_was(tmp_path: pathlib.Path) -> None:
    review = opened().review
    for number, text in enumerate(payloads()):
        people = {id: dataclasses.replace(one, name=text, title=text, department=text) for id, one in PEOPLE.items()}
        item = review.items[0]
        words = dataclasses.replace(item, decision="keep", reason=text, decided_by=text or "x", reviewer="r")
        sheet = write_sheet(dataclasses.replace(review, items=(words,)), people, APPS)
        (row,) = list(csv.reader(io.StringIO(sheet, newline="")))[1:]
        assert not [cell for cell in row if re.match(r"\s*[=+\-@＝＋－＠]|[\t\r\n]", cell)], text  # noqa: RUF001
        path = tmp_path / f"{number}.csv"
        path.write_bytes(sheet.encode("utf-8", "replace"))
        (read,) = read_decisions(path)
        assert (read.item, read.reason) == (item.id, text.encode("utf-8", "replace").decode().strip()), text


def test_a_text_in_the_ticket_of_a_review_is_on_its_line() -> None:
    review = opened().review
    day = WorkingDay()
    usual = review_task(dataclasses.replace(review, title="plain"), 0, "r", 3, desk="d", now=NOW, working_day=day)
    for text in payloads():
        titled = dataclasses.replace(review, title=text)
        task = review_task(titled, 0, text, 3, desk="d", now=NOW, working_day=day)
        assert len(task.instructions.splitlines()) == len(usual.instructions.splitlines()), text
        assert task.title.isprintable(), text


@pytest.fixture(scope="module")
def scim() -> object:
    with scim_server() as server:
        yield server


def test_a_look_up_in_a_real_scim_server_finds_whom_it_names_and_nobody_else(scim) -> None:
    tenant = scim.tenant("corpus")
    ids: dict[str, str] = {}
    for text in payloads():
        # what the server itself does not take (empty, or there already in another spelling) cannot be looked up
        with contextlib.suppress(AssertionError):
            schemas = ["urn:ietf:params:scim:schemas:core:2.0:User"]
            ids[text] = tenant.call("POST", "Users", {"schemas": schemas, "userName": text})["id"]
    assert len(ids) > 400
    before = tenant.state()
    connection = {"base_url": tenant.base_url, "token": TOKEN, "read_attempts": 1}
    connector = build(App("corpus", connector="scim", entitlements=types.MappingProxyType({})), connection)
    for text in payloads():
        found = connector.find(AccountKey(username=text))
        if text in ids:
            assert found is not None, text
            assert found.id == ids[text], text
        else:
            assert found is None or found.username.casefold() == text.casefold(), text
    connector.close()
    assert tenant.state() == before
