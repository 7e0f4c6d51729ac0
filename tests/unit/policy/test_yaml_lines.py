# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading YAML with places."""

from __future__ import annotations

import pathlib
import textwrap

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import PolicyError
from ansible_collections.rollcall.access.plugins.module_utils.policy import yaml_lines
from ansible_collections.rollcall.access.plugins.module_utils.policy.yaml_lines import (
    Document,
    load_document,
    parse_document,
)


def parsed(text: str) -> Document:
    return parse_document(textwrap.dedent(text).lstrip("\n"), "a.yml")


def failure(text: str) -> str:
    with pytest.raises(PolicyError) as caught:
        parsed(text)
    assert [str(finding) for finding in caught.value.findings] == [str(caught.value)]
    return str(caught.value)


def test_every_key_and_item_knows_its_line() -> None:
    document = parsed("""
        apps:
          github:
            tags: [a, b]
            more:
              - one
              -
                two: 2
        """)
    assert str(document.origin(("apps",))) == "a.yml:1"
    assert str(document.origin(("apps", "github"))) == "a.yml:2"
    assert str(document.origin(("apps", "github", "tags", 1))) == "a.yml:3"
    assert str(document.origin(("apps", "github", "more", 0))) == "a.yml:5"
    assert str(document.origin(("apps", "github", "more", 1, "two"))) == "a.yml:7"
    assert document.at(("apps", "github", "more", 1, "two")) == 2


def test_what_is_missing_is_said_to_be_missing_from_where_it_should_be() -> None:
    document = parsed("a:\n  b: 1\n")
    assert str(document.origin(("a", "owners", "primary"))) == "a.yml:1"


def test_a_key_written_twice_is_an_error_that_names_both_places() -> None:
    assert failure("a: 1\nb: 2\na: 3\n") == 'a.yml:3: the key "a" is written twice; the first time at a.yml:1'


def test_norway_is_no_falsehood_and_zeros_are_kept() -> None:
    values = parsed("[NO, no, on, yes, true, False, 0042, 42, 2.5, 1e3, 12:30, 2026-01-31, ~, '5', 0x1F]").value
    assert values == [
        "NO",
        "no",
        "on",
        "yes",
        True,
        False,
        "0042",
        42,
        2.5,
        "1e3",
        "12:30",
        "2026-01-31",
        None,
        "5",
        "0x1F",
    ]


def test_keys_are_texts() -> None:
    assert parsed("{1: a, NO: b, 2026-01-01: c}").value == {"1": "a", "NO": "b", "2026-01-01": "c"}


def test_a_template_is_a_text_and_stays_as_it_is() -> None:
    assert parsed("token: \"{{ lookup('pipe', 'id') }}\"").value == {"token": "{{ lookup('pipe', 'id') }}"}


def test_a_template_without_quotes_is_explained() -> None:
    message = failure("a: 1\ntoken: {{ secret }}\n")
    assert message.startswith("a.yml:2: a key must be a plain text")
    assert '"{{ ... }}"' in message


@pytest.mark.parametrize("tag", ["!vault", "!!python/object/apply:os.system", "!unsafe"])
def test_tags_are_refused_where_they_stand(tag: str) -> None:
    message = failure(f"a: 1\nb: {tag} x\n")
    assert message.startswith(f"a.yml:2: the tag {tag} is not understood")
    assert failure(f"a: 1\nb: {tag} [x]\n").startswith(f"a.yml:2: the tag {tag}")


def test_merge_keys_and_aliases_work_and_what_is_written_wins() -> None:
    document = parsed("""
        base: &base {a: 1, b: {c: 2}}
        one:
          <<: *base
          a: 3
        two: *base
        """)
    assert document.value["one"] == {"a": 3, "b": {"c": 2}}
    assert document.value["two"] == {"a": 1, "b": {"c": 2}}
    assert str(document.origin(("one", "a"))) == "a.yml:4"
    assert str(document.origin(("one", "b", "c"))) == "a.yml:1"


def test_an_alias_within_itself_is_refused() -> None:
    assert failure("a: &a [1, *a]").startswith("a.yml:1: an alias that contains itself")


def test_aliases_that_explode_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_lines, "MOST_VALUES", 10_000)
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "too many values" in failure("\n".join(lines))


def test_broken_yaml_names_its_line_and_shows_none_of_the_text() -> None:
    message = failure("a: 1\nb: [hunter2\nc: 3\n")
    assert message.startswith("a.yml:3: not valid YAML")
    assert "hunter2" not in message


def test_two_documents_in_one_file_are_refused() -> None:
    assert "a.yml:2" in failure("a: 1\n---\nb: 2\n")


def test_an_empty_file_is_nothing() -> None:
    assert parsed("# only a comment\n").value is None


def test_a_file_in_latin_1_is_named_with_its_line(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "latin.yml"
    path.write_bytes("a: 1\nb: Zoë\n".encode("latin-1"))
    with pytest.raises(PolicyError, match=r"latin\.yml:2: the file is not UTF-8"):
        load_document(path)


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "bom.yml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert load_document(path).value == {"a": 1}


def test_a_file_that_is_not_there_is_said_to_be(tmp_path: pathlib.Path) -> None:
    with pytest.raises(PolicyError, match=r"nothing\.yml: the file cannot be read"):
        load_document(tmp_path / "nothing.yml")


@pytest.mark.parametrize("level", ["[", "{a: ", "- ", "? ", "{? ", "[x, "])
def test_what_is_nested_without_end_is_refused_and_does_not_end_the_process(level: str) -> None:
    assert "nested too deeply" in failure("rules: ok\nmore:\n  " + level * 100_000)


def test_many_brackets_beside_each_other_are_no_depth() -> None:
    text = "".join(f"- {{id: r{n}, grant: {{app: [user, admin]}}}}\n" for n in range(3000))
    assert len(parsed(text).value) == 3000
    assert parsed(f"text: {'[' * 20_000!r}").value == {"text": "[" * 20_000}
