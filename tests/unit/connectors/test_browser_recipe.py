# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The browser connector before there is a browser: recipes, placeholders, names of screenshots."""

from __future__ import annotations

import copy
import pathlib
import typing as t

import pytest
import yaml
from ansible_collections.rollcall.access.plugins.module_utils.connectors import registry
from ansible_collections.rollcall.access.plugins.module_utils.connectors.browser import BrowserConnector
from ansible_collections.rollcall.access.plugins.module_utils.connectors.browser_accounts import Accounts
from ansible_collections.rollcall.access.plugins.module_utils.connectors.browser_evidence import Evidence
from ansible_collections.rollcall.access.plugins.module_utils.connectors.browser_page import Page, StepFailed
from ansible_collections.rollcall.access.plugins.module_utils.connectors.browser_recipe import read_recipe
from ansible_collections.rollcall.access.plugins.module_utils.connectors.browser_session import shown_url
from ansible_collections.rollcall.access.plugins.module_utils.connectors.browser_steps import Step, url_path, value
from ansible_collections.rollcall.access.plugins.module_utils.errors import Broken, PolicyError, Refused, Unsupported
from ansible_collections.rollcall.access.plugins.module_utils.model import AccountKey, App, Entitlement

RECIPE = pathlib.Path(__file__).resolve().parents[3] / "examples/catalog/dokuwiki.yml"
APP = App("wiki", connector="browser", entitlements={"editors": Entitlement("editors", "group", "Editors")})
PUBLISHED: dict[str, t.Any] = yaml.safe_load(RECIPE.read_text(encoding="utf-8"))["apps"]["wiki"]["connection"]


def connection(**changes: t.Any) -> dict[str, t.Any]:
    """Return the published recipe with some options changed; None takes one away."""
    changed = {**copy.deepcopy(PUBLISHED), "password": "s3cret", **changes}
    return {name: given for name, given in changed.items() if given is not None}


def problems(**changes: t.Any) -> list[tuple[str, str, str]]:
    found = BrowserConnector.problems(connection(**changes))
    return [(".".join(map(str, problem.path)), problem.message, problem.todo) for problem in found]


def test_the_published_recipe_has_no_problems_filled_in_or_not() -> None:
    assert BrowserConnector.problems(PUBLISHED) == []
    assert problems() == []


GO = {"go": "/admin"}
DONE = {"expect": "#done"}


@pytest.mark.parametrize(
    ("steps", "path", "message"),
    [
        ([], "suspend", "expected a list of steps"),
        (["go"], "suspend.0", "expected a step, found 'go'"),
        ([GO, {"clik": "#a"}, DONE], "suspend.1", "found clik"),
        ([GO, {"click": "#a", "fill": "#b", "with": "x"}, DONE], "suspend.1", "found click, fill, with"),
        ([GO, {"click": "#a", "wait": 3}, DONE], "suspend.1.wait", "click has no wait"),
        ([GO, {"fill": "#a"}, DONE], "suspend.1", "fill needs with"),
        ([GO, {"fill": "#a", "with": "{emial}"}, DONE], "suspend.1.with", "there is no placeholder {emial} here"),
        ([GO, {"fill": "#a", "with": "{value}"}, DONE], "suspend.1.with", "there is no placeholder {value} here"),
        ([GO, {"click": "#user-{id}"}, DONE], "suspend.1.click", "a selector holds no placeholders"),
        ([{"go": "/a?p={connection.password}"}, DONE], "suspend.0.go", "may only be filled into a field"),
        ([GO, {"expect": "#a", "with": "{connection.password}"}], "suspend.1.with", "may only be filled into a field"),
        ([{"go": "https://elsewhere.example/"}, DONE], "suspend.0.go", "expected a path that begins with /"),
        ([{"click": "#a"}, DONE], "suspend.0", "expected go as the first step"),
        ([GO, {"click": "#a"}], "suspend", "expected expect as the last step, found click"),
        ([GO, {"click": "#a", "timeout": "long"}, DONE], "suspend.1.timeout", "expected a number of seconds"),
        ([GO, {"click": "#a", "accept": "maybe"}, DONE], "suspend.1.accept", "expected true or false"),
        ([GO, {"click": "a", "in": {"rows": "tr"}}, DONE], "suspend.1.in", "expected rows, cell and is"),
        (
            [GO, {"click": "a", "in": {"rows": "tr", "cell": "td", "is": "ben"}}, DONE],
            "suspend.1.in.is",
            "expected a placeholder",
        ),
        ([GO, {"click": {"colour": "red"}}, DONE], "suspend.1.click", "expected a selector, or one of label"),
        ([GO, {"read": "#a", "as": "two words"}, DONE], "suspend.1.as", "expected a word"),
    ],
)
def test_a_mistake_in_a_step_is_named_with_its_place(steps: list[t.Any], path: str, message: str) -> None:
    found = problems(suspend=steps)
    assert [where for where, _message, _todo in found] == [path]
    assert message in found[0][1]


@pytest.mark.parametrize(
    ("changes", "path", "message"),
    [
        ({"sign_in": [GO, DONE]}, "sign_in", "expected a step that fills in a field"),
        ({"signed_out": 7}, "signed_out", "expected a selector"),
        ({"base_url": "wiki.example"}, "base_url", "expected the address"),
        ({"base_url": "https://user@wiki.example"}, "base_url", "expected the address"),
        ({"hosts": ["https://login.example/"]}, "hosts", "expected a list of host names"),
        ({"update": [GO, DONE]}, "update", "expected steps for each attribute"),
        ({"update": {"shoe_size": [GO, DONE]}}, "update.shoe_size", "this is no attribute"),
        ({"grant": {"club": [GO, DONE]}}, "grant.club", "this is no kind of entitlement"),
        ({"grant": {"role": [GO, {"click": "#a"}]}}, "grant.role", "expected expect as the last step"),
        ({"create": [GO, {"fill": "#a", "with": "{id}"}]}, "create.1.with", "there is no placeholder {id} here"),
    ],
)
def test_a_mistake_in_the_recipe_is_named(changes: dict[str, t.Any], path: str, message: str) -> None:
    found = problems(**changes)
    assert [where for where, _message, _todo in found] == [path]
    assert message in found[0][1]


@pytest.mark.parametrize(
    ("changes", "path", "message"),
    [
        ({"rows": None}, "list", "list needs rows"),
        ({"colour": "red"}, "list.colour", "list has no colour"),
        ({"read": {"email": "td"}}, "list.read", "expected id"),
        ({"read": {"id": "td", "name": "td"}}, "list.read", "expected username, email or external_id"),
        ({"read": {"id": "td", "email": "td", "age": "td"}}, "list.read.age", "this is no field"),
        ({"states": {"Locked": "away"}}, "list.states", "expected words of the page"),
        ({"count": {"selector": "p", "pattern": "of .* found"}}, "list.count.pattern", "expected one group, found 0"),
        ({"count": {"selector": "p", "pattern": "of ("}}, "list.count.pattern", "this is no regular expression"),
    ],
)
def test_a_mistake_in_the_list_is_named(changes: dict[str, t.Any], path: str, message: str) -> None:
    listing = {key: given for key, given in {**PUBLISHED["list"], **changes}.items() if given is not None}
    found = problems(list=listing, update=None, grant=None, revoke=None)
    assert [where for where, _message, _todo in found] == [path]
    assert message in found[0][1]


def test_what_ansible_fills_in_is_no_placeholder() -> None:
    assert problems(suspend=[GO, {"fill": "#a", "with": "{{x}} {{ lookup('env', 'Y') }} {id}"}, DONE]) == []


def test_what_is_near_is_suggested() -> None:
    ((_path, _message, todo),) = problems(suspend=[GO, {"clik": "#a"}, DONE])
    assert todo.startswith("Did you mean click?")
    ((_path, _message, todo),) = problems(suspend=[GO, {"fill": "#a", "with": "{emial}"}, DONE])
    assert todo.startswith("Did you mean {email}?")


def test_a_mistake_stops_the_connector_and_says_where() -> None:
    with pytest.raises(PolicyError) as caught:
        registry.build(APP, connection(suspend=[GO, {"clik": "#a"}, DONE]))
    assert str(caught.value).startswith("app wiki, connection.suspend.1: expected one of go, ")


def test_an_app_can_do_what_it_has_steps_for() -> None:
    connector = registry.build(APP, connection())
    assert {name for name in connector.operations() if connector.can(name)} == {
        "create", "update", "grant", "revoke", "delete",
    }  # fmt: skip
    assert connector.reads is True
    assert BrowserConnector.operations_for(PUBLISHED) == {"create", "update", "grant", "revoke", "delete"}
    with pytest.raises(Unsupported, match="no steps"):
        connector.suspend(Accounts(APP, None).from_rows([{"id": ["ben"]}], "")[0])  # type: ignore[attr-defined]
    connector.close()


def test_an_app_without_a_list_is_not_read() -> None:
    unread = connection(list=None, update=None, grant=None, revoke=None, create=None, delete=[GO, DONE])
    connector = registry.build(APP, unread)
    assert connector.reads is False
    assert registry.reads(App("wiki", connector="browser", connection=unread)) is False
    assert registry.reads(App("wiki", connector="browser", connection=connection())) is True
    assert BrowserConnector.reads is True
    connector.close()


# placeholders


def test_values_are_data_in_texts_and_in_paths() -> None:
    values = {"name": "{email} {{ 7 * 7 }}", "email": "never", "id": "a/../b?c=d&e#f"}
    assert value("Hello {name}", values) == "Hello {email} {{ 7 * 7 }}"
    assert url_path("/users/{id}/edit?x=1", values) == "/users/a%2F..%2Fb%3Fc%3Dd%26e%23f/edit?x=1"


def test_a_step_in_words_shows_no_secret() -> None:
    recipe, found = read_recipe(connection())
    assert found == []
    values = {"connection": {"username": "svc", "password": "s3cret"}}
    words = [step.shown(values) for step in recipe.sign_in]
    assert words[1] == "fill #dw__login input[name=u] with 'svc'"
    assert words[2] == "fill #dw__login input[name=p]"


def test_a_text_that_may_have_come_out_of_a_vault_is_not_shown() -> None:
    assert Step("fill", "#pin", text="4711").shown({}) == "fill #pin"
    assert Step("select", "#role", text="Editor").shown({}) == "select #role with 'Editor'"


@pytest.mark.parametrize(
    ("verb", "before", "word", "after"),
    [
        ("add", "user", "editors", "user,editors"),
        ("add", "", "editors", "editors"),
        ("add", "user, editors", "editors", "user, editors"),
        ("remove", "user, editors ,press", "editors", "user,press"),
        ("remove", "user,editors-in-chief", "editors", "user,editors-in-chief"),
    ],
)
def test_a_word_is_added_to_a_list_and_the_others_stay(verb: str, before: str, word: str, after: str) -> None:
    page = Page(None, "", 1)
    assert page._list_changed(Step(verb, "#groups"), before, word) == after


@pytest.mark.parametrize("word", ["editors,admin", " ", ""])
def test_a_word_that_would_be_two_is_refused(word: str) -> None:
    with pytest.raises(StepFailed, match="expected one word"):
        Page(None, "", 1)._list_changed(Step("add", "#groups"), "user", word)


# accounts


def accounts(*rows: dict[str, list[str]]) -> t.Any:
    listing = read_recipe(connection(list={**PUBLISHED["list"], "states": {"Locked": "suspended"}}))[0].listing
    return Accounts(APP, listing).from_rows(list(rows), "app wiki, accounts")


def test_rows_become_accounts() -> None:
    (ben,) = accounts({"id": ["7"], "email": ["ben@a.example"], "state": ["LOCKED"], "group": ["Editors", "Press", ""]})
    assert (ben.id, ben.email, ben.state) == ("7", "ben@a.example", "suspended")
    assert (ben.entitlements, ben.unknown) == ({"editors"}, {"group:Press"})


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"id": [""]}], "a row of the list without an id"),
        ([{"id": ["7"]}, {"id": ["7"]}], "the account 7 is in the list twice"),
        ([{"id": ["7"], "state": ["on holiday"]}], "the state 'on holiday' of account 7 is not known"),
    ],
)
def test_a_row_that_makes_no_sense_is_an_error(rows: list[dict[str, list[str]]], message: str) -> None:
    with pytest.raises(Broken, match=message):
        accounts(*rows)


def test_the_id_counts_first_and_addresses_in_any_case() -> None:
    found = accounts({"id": ["7"], "email": ["ben@a.example"]}, {"id": ["8"], "email": ["eve@a.example"]})
    finder = Accounts(APP, None)
    assert finder.found(found, AccountKey(id="8", email="ben@a.example"), "").id == "8"  # type: ignore[union-attr]
    assert finder.found(found, AccountKey(email="BEN@A.example"), "").id == "7"  # type: ignore[union-attr]
    assert finder.found(found, AccountKey(id="ben@a.example"), "") is None


# evidence


def test_a_screenshot_is_named_by_time_app_operation_and_account_and_stays_in_its_directory(
    tmp_path: pathlib.Path,
) -> None:
    evidence = Evidence(tmp_path / "shots", "wiki")
    first = evidence.keep(b"1", "create", "../../etc/x y", "before")
    assert first.parent == tmp_path / "shots/wiki"
    assert first.name.endswith("Z-wiki-create-etc_x_y-before.png")
    assert len({evidence.keep(b"2", "create", "ben", "after") for _again in range(5)}) == 5
    assert first.stat().st_mode & 0o777 == 0o600


def test_a_screenshot_that_cannot_be_kept_is_refused(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Refused, match="cannot be kept in"):
        Evidence(tmp_path / "file", "wiki").keep(b"", "create", "ben", "before")


def test_a_url_in_a_message_holds_no_token() -> None:
    url = "https://u:p@wiki.example/doku.php?do=admin&sectok=abc123&id=ben@a.example#top"
    assert shown_url(url) == "https://wiki.example/doku.php?do=admin&sectok=...&id=ben@a.example"
