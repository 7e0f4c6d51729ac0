# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON and YAML: the same people as from CSV, each with the line where they begin."""

from __future__ import annotations

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import FeedError, SettingsError, SourceUnreachable
from ansible_collections.rollcall.access.plugins.module_utils.model import Origin

PEOPLE = """{
  "as_of": "2026-01-01",
  "people": [
    {"id": 1, "name": "Ann Lee", "work": {"city": "Oslo"}, "remote": true, "skills": ["a", "b"]},
    {
      "id": 2, "name": "Bob Ray", "title": null
    }
  ]
}"""


def json_feed(company, content, **settings):
    return company.read({"type": "json", "path": company.write("people.json", content), **settings})


def yaml_feed(company, content, **settings):
    return company.read({"type": "yaml", "path": company.write("people.yml", content), **settings})


def test_an_object_with_one_list_is_that_list(company):
    feed = json_feed(company, PEOPLE, columns={"location": "work.city"})
    ann, bob = feed.people
    assert (ann.id, ann.location, bob.title) == ("1", "Oslo", "")
    assert ann.attributes == {"remote": "true", "skills": '["a", "b"]'}
    assert [p.origin for p in feed.people] == [Origin("people.json", 4), Origin("people.json", 5)]


def test_records_says_where_the_list_is(company):
    content = (
        '{"a": {"b": [{"id": "1", "name": "Ann Lee", "on": true},\n {"id": "2", "name": "Bob", "on": false}]}, "c": []}'
    )
    feed = json_feed(company, content, records="a.b[?on]")
    assert [(p.id, p.origin.line) for p in feed.people] == [("1", 1)]
    feed = json_feed(company, content, records="a.b")
    assert [(p.id, p.origin.line) for p in feed.people] == [("1", 1), ("2", 2)]


def test_records_that_the_expression_makes_are_numbered(company):
    feed = json_feed(company, '[{"n": 7, "of": "Ann Lee"}]', records="[].{id: n, name: of}")
    assert (feed.people[0].id, str(feed.people[0].origin)) == ("7", "people.json record 1")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "the file is empty"),
        ("[]", "people.json: there is nobody in it"),
        ('[\n{"id": "1", "name": "Ann', "people.json:2: no JSON"),
        ('[{"id": "1", "name": "Ann Lee"}', "people.json:1: no JSON: Expecting ',' delimiter (the file is cut off?)"),
        ("[\n1]", "expected an object, found a number"),
        ("7", "expected a list of people, found a number"),
        ('{"a": [], "b": []}', "Say with `records` which one: a, b"),
        ('[{"id": "1", "id": "2"}]', 'the key "id" twice'),
        ('[{"id": NaN}]', "NaN is no JSON"),
        ('[{"id": "1", "name": "Ann Lee", "x": "\\ud800"}]', "people.json:1: "),
        ("[" * 100_000, "nested too deeply"),
        ('[{"id": "1", "name": "Ann"},\n{"id": "1", "name": "Bob"}]', 'people.json:2: the id "1" is there twice'),
        (
            '[{"id": "1", "name": "Ann"},\n{"id": "2", "name": "Bob", "end": "soon"}]',
            'people.json:2: column end: "soon"',
        ),
        ('[{"id": "1", "name": "{{ x }}"}]', "people.json:1: column name"),
        ('\ufeff[{"id": "1"}]', "byte order mark"),
    ],
)
def test_bad_json_is_refused(company, content, told):
    with pytest.raises(FeedError) as caught:
        json_feed(company, content)
    assert told in str(caught.value)


def test_latin_1_in_json_is_refused(company):
    with pytest.raises(FeedError, match=r"people.json:1: .*encoding: latin-1"):
        json_feed(company, '[{"id": "1", "name": "Zoë"}]'.encode("latin-1"))


def test_an_expression_that_is_none_is_a_setting_to_correct(company):
    with pytest.raises(SettingsError, match="JMESPath"):
        json_feed(company, "[]", records="a[")


def test_an_expression_that_finds_no_list_is_told(company):
    with pytest.raises(FeedError, match="gives nothing, expected a list"):
        json_feed(company, "{}", records="people")


def test_yaml_values_are_taken_as_written(company):
    feed = yaml_feed(
        company,
        "- id: 007\n  name: Ann Lee\n  location: NO\n  start: 2026-01-05\n"
        "  work: {city: Oslo}\n  title: null\n\n- id: '8'\n  name: Bob Ray\n  title: 'null'\n",
    )
    ann, bob = feed.people
    assert (ann.id, ann.location, str(ann.start), ann.title, ann.attributes) == (
        "007",
        "NO",
        "2026-01-05",
        "",
        {"work.city": "Oslo"},
    )
    assert (bob.id, bob.title) == ("8", "null")
    assert [p.origin for p in feed.people] == [Origin("people.yml", 1), Origin("people.yml", 8)]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("# nobody\n", "nothing but comments"),
        ("[]\n", "there is nobody in it"),
        ("people:\n- id: 1\n", "people.yml:1: expected a list of people"),
        ("- id: 1\n  name: Ann\n- Bob\n", "people.yml:3: expected a mapping for each person, found a single value"),
        ("- id: 1\n  name: [Ann\n", "people.yml:3: no YAML"),
        ("- id: 1\n  name: Ann\n  id: 2\n", 'people.yml:3: the key "id" is there twice'),
        ("- &a {id: 1, name: Ann}\n- *a\n", "people.yml:2: expected a mapping for each person, found an alias"),
        ("- id: 1\n  name: !vault x\n", "people.yml:2: the tag !vault"),
        ("- id: 1\n  name: !!python/name:os.system x\n", "people.yml:2: a tag that would make a Python object"),
        ("- id: 1\n  name: Ann\n---\n- id: 2\n", "people.yml:3: a second document"),
        (
            "- id: 1\n  name: Ann\n- id: 1\n  name: Bob\n",
            'people.yml:3: the id "1" is there twice, first at people.yml:1',
        ),
        ("- id: 1\n  name: '<script>'\n", "people.yml:1: column name"),
        ("- id: 1\n  name: Ann\x07\n", "people.yml:2: no YAML"),
        ("- id: 1\n  x: " + "[" * 60 + "]" * 60, "people.yml:2: nested too deeply"),
    ],
)
def test_bad_yaml_is_refused(company, content, told):
    with pytest.raises(FeedError) as caught:
        yaml_feed(company, content)
    assert told in str(caught.value)


@pytest.mark.parametrize("type", ["json", "yaml"])
def test_a_file_that_is_not_there_is_unreachable(company, type):
    with pytest.raises(SourceUnreachable):
        company.read({"type": type, "path": "none"})
