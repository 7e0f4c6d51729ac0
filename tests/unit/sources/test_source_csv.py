# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A CSV file that is right is read; one that is not ends with file, line and what to do."""

from __future__ import annotations

import datetime as dt

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import FeedError, SettingsError, SourceUnreachable
from ansible_collections.rollcall.access.plugins.module_utils.model import Origin

HEAD = "id,email,name,start\n"
ANN = "1,Ann@Acme.example,Ann Lee,2026-01-05\n"
BOB = "2,bob@acme.example,Bob Ray,2026-02-01\n"


def test_people_are_read_with_their_lines(company):
    feed = company.csv(HEAD + ANN + "\n" + BOB)
    assert [(p.id, p.email, p.name, p.start) for p in feed.people] == [
        ("1", "ann@acme.example", "Ann Lee", dt.date(2026, 1, 5)),
        ("2", "bob@acme.example", "Bob Ray", dt.date(2026, 2, 1)),
    ]
    assert [p.origin for p in feed.people] == [Origin("people.csv", 2), Origin("people.csv", 4)]
    assert feed.findings == ()


def test_a_record_over_several_lines_is_named_by_its_first(company):
    feed = company.csv('id,name,note\n1,Ann Lee,"one\ntwo"\n2,Bob Ray,x\n')
    assert [p.origin.line for p in feed.people] == [2, 4]
    assert feed.people[0].attributes["note"] == "one\ntwo"


def test_another_delimiter_and_encoding_are_options(company):
    feed = company.csv("id;name\n1;Zoë Müller\n".encode("latin-1"), delimiter=";", encoding="latin-1")
    assert feed.people[0].name == "Zoë Müller"


def test_a_byte_order_mark_is_read_when_it_is_expected(company):
    assert company.csv(b"\xef\xbb\xbf" + (HEAD + ANN).encode(), encoding="utf-8-sig").people[0].id == "1"


def test_utf_16_is_read_when_it_is_expected(company):
    assert company.csv((HEAD + ANN).encode("utf-16"), encoding="utf-16").people[0].id == "1"


def test_windows_line_ends_count_once(company):
    feed = company.csv((HEAD + ANN + BOB).replace("\n", "\r\n"))
    assert [p.origin.line for p in feed.people] == [2, 3]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(b"", ["people.csv: ", "the file is empty"], id="empty"),
        pytest.param(b"\n \n", ["people.csv: ", "the file is empty"], id="only blanks"),
        pytest.param(HEAD.encode(), ["people.csv:1: ", "nobody", "may_be_empty"], id="header only"),
        pytest.param(
            b"\xef\xbb\xbf" + (HEAD + ANN).encode(),
            ["people.csv:1: ", "byte order mark", "without one", "encoding: utf-8-sig"],
            id="byte order mark",
        ),
        pytest.param((HEAD + ANN).encode("utf-16"), ["people.csv:1: ", "encoding: utf-16"], id="UTF-16"),
        pytest.param(
            HEAD.encode() + ANN.encode() + "3,z@acme.example,Zoë Ng,2026-01-01\n".encode("latin-1"),
            ["people.csv:3: ", "0xeb", "encoding: latin-1"],
            id="Latin-1",
        ),
        pytest.param((HEAD + ANN).encode() + b"3,c\x92,C D,\n", ["people.csv:3: ", "cp1252"], id="Windows-1252"),
        pytest.param((HEAD + ANN).encode() + b"3,,Cy\0 Do,\n", ["people.csv:3: ", "NUL"], id="NUL"),
        pytest.param((HEAD + ANN + "2,bob@ac").encode(), ["people.csv:3: ", "cut off", "2 fields", "4"], id="cut off"),
        pytest.param(
            (HEAD + '1,ann@acme.example,"Ann Lee,2026-01-05\n' + BOB).encode(),
            ["people.csv:2: ", "quote", "never closed"],
            id="a quote never closed",
        ),
        pytest.param(
            (HEAD + '1,ann@acme.example,"Ann Lee,2026-01-05\n2,,"Bob Ray",\n').encode(),
            ["people.csv:2: ", "quote"],
            id="a quote closed by another",
        ),
        pytest.param(
            (HEAD + "1,a@b.example,Ann\n" + BOB).encode(), ["people.csv:2: ", "3 fields", "4"], id="short row"
        ),
        pytest.param((HEAD + "1,,Lee, Ann,\n" + BOB).encode(), ["people.csv:2: ", "5 fields", "4"], id="long row"),
        pytest.param(b"id,name,id\n1,Ann Lee,2\n", ["people.csv:1: ", '"id"', "1 and 3"], id="duplicated header"),
        pytest.param(b"id,name,\n1,Ann Lee,2\n", ["people.csv:1: ", "column 3 of 3 has no name"], id="nameless column"),
        pytest.param(b"id;name\n1;Ann Lee\n", ["people.csv:1: ", 'delimiter: ";"'], id="wrong delimiter"),
        pytest.param(
            b"number,name\n1,Ann Lee\n", ["people.csv:1: ", "columns: {id: ...}", '"number"'], id="no id column"
        ),
        pytest.param(HEAD.encode() + b",,Ann Lee,\n", ["people.csv:2: ", "no id"], id="no id"),
        pytest.param(HEAD.encode() + b"1,,,\n", ["people.csv:2: ", "no name"], id="no name"),
        pytest.param(
            (HEAD + ANN + BOB + "1,c@acme.example,Cy Do,\n").encode(),
            ["people.csv:4: ", 'id "1"', "people.csv:2"],
            id="duplicate id",
        ),
        pytest.param(
            (HEAD + ANN + "2,ANN@acme.example,Bob Ray,\n").encode(),
            ["people.csv:3: ", "ann@acme.example", "people.csv:2", "same_as"],
            id="two people of one email",
        ),
        pytest.param(
            (HEAD + "1,,Ann Lee,31/12/2026\n").encode(),
            ["people.csv:2: ", "column start", '"31/12/2026"', "YYYY-MM-DD"],
            id="no date",
        ),
        pytest.param((HEAD + "1,,Ann Lee,2026-02-30\n").encode(), ["people.csv:2: ", '"2026-02-30"'], id="no such day"),
        pytest.param(
            b"id,name,manager\n1,Ann Lee,2\n2,Bob Ray,1\n",
            ["people.csv:2: ", "circle of managers", "1 Ann Lee (people.csv:2)", "2 Bob Ray (people.csv:3)"],
            id="manager cycle",
        ),
    ],
)
def test_bad_content_is_refused_with_file_and_line(company, content, told):
    with pytest.raises(FeedError) as caught:
        company.csv(content)
    for words in told:
        assert words in str(caught.value)
    assert str(caught.value).startswith(told[0])


@pytest.mark.parametrize("column", ["id", "email", "username", "given_name", "family_name", "name"])
@pytest.mark.parametrize(
    "value",
    [
        "{{ lookup('pipe', 'id') }}",
        "{% for x in y %}",
        "{# note",
        "=cmd|' /C calc'!A0",
        "=1+1",
        "+1+1",
        "@SUM(A1)",
        "<script>alert(1)</script>",
        "a|b",
        "bell\x07",
        "two\nlines",
        "\u202egnirts",
    ],
)
def test_what_is_no_name_is_refused(company, column, value):
    row = {"id": "7", "name": "Ann Lee", column: value}
    quoted = ['"' + text.replace('"', '""') + '"' for text in row.values()]
    with pytest.raises(FeedError) as caught:
        company.csv(f"{','.join(row)}\n{','.join(quoted)}\n")
    assert str(caught.value).startswith(f"people.csv:2: column {column}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["O'Neill", "Jean-Luc", "van der Berg", "Nuñez", "李小龙", "Ng (Al)", "d'Été", "St. John"]
)
def test_real_names_pass(company, name):
    assert company.csv(f"id,given_name,family_name\n1,Ann,{name}\n").people[0].family_name == name


def test_other_columns_are_data_and_pass_as_they_are(company):
    person = company.csv("id,name,title,motto\n1,Ann Lee,{{ x }},=1+1 <b>\n").people[0]
    assert (person.title, person.attributes["motto"]) == ("{{ x }}", "=1+1 <b>")


def test_everything_wrong_in_a_file_is_told_at_once(company):
    rows = [HEAD, "1,,{{ x }},2026-13-01\n", "2,,Bob\n", ",,Cy Do,\n", "4,d@acme.example,Di Ek,\n", "4,,Di Ek,\n"]
    with pytest.raises(FeedError) as caught:
        company.csv("".join([*rows, "5,d@acme.example,Ed Fo,\n"]))
    lines = str(caught.value).splitlines()
    assert [line.split(":")[1] for line in lines] == ["2", "2", "3", "4", "6", "7"]
    assert caught.value.details["count"] == 6
    assert caught.value.details["errors"] == lines


def test_only_twenty_of_a_file_are_told_and_the_rest_counted(company):
    with pytest.raises(FeedError) as caught:
        company.csv(HEAD + "".join(f"{n},,Ann Lee,never\n" for n in range(50)))
    assert len(caught.value.details["errors"]) == 20
    assert caught.value.details["count"] == 50
    assert str(caught.value).splitlines()[-1] == "people.csv: and 30 more"


def test_a_file_that_is_not_there_is_unreachable(company):
    with pytest.raises(SourceUnreachable, match=r"hr/none\.csv: the file cannot be read: No such file"):
        company.read({"type": "csv", "path": "hr/none.csv"})


def test_a_directory_is_unreachable(company):
    with pytest.raises(SourceUnreachable, match="cannot be read"):
        company.read({"type": "csv", "path": "."})


def test_a_file_may_be_empty_when_told_so(company):
    ann = company.write("employees.csv", HEAD + ANN)
    none = company.write("contractors.csv", HEAD)
    feed = company.read({"type": "csv", "path": ann}, {"type": "csv", "path": none, "may_be_empty": True})
    assert [p.id for p in feed.people] == ["1"]


def test_a_last_line_without_an_end_is_noted(company):
    feed = company.csv(HEAD + ANN.rstrip())
    assert [(f.code, f.severity, f.where) for f in feed.findings] == [("no_final_line_end", "note", "people.csv:2")]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"type": "xml"}, "The types are: adp, bamboohr, csv, entra, hibob, json"),
        ({}, "`type` is missing"),
        ({"type": "csv"}, "needs `path`"),
        ({"type": "csv", "path": "people.csv", "colums": {}}, "Did you mean `columns`"),
        ({"type": "csv", "path": "people.csv", "encoding": "utf-99"}, "no encoding 'utf-99'"),
        ({"type": "csv", "path": "people.csv", "delimiter": "||"}, "one character"),
        ({"type": "csv", "path": "people.csv", "date_format": "%d.%m."}, "date_format"),
        ({"type": "csv", "path": "people.csv", "manager_cycles": "ignore"}, "manager_cycles"),
    ],
)
def test_wrong_settings_are_told(company, settings, told):
    company.write("people.csv", HEAD + ANN)
    with pytest.raises(SettingsError) as caught:
        company.read(settings)
    assert told in str(caught.value)
