# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The policy: files -> rules, bundles, trees; duties and accepted risks are read in ``duty_files.py``."""

from __future__ import annotations

import contextlib
import datetime as dt
import types
import typing as t

from ..model import PERSON_FIELDS, Origin
from .break_glass_files import read_break_glass
from .conditions import All, ConditionReader, texts
from .contradictions import condition_of, never_true
from .durations import parse_duration
from .duty_files import DutyReader
from .files import Definitions, mapping, read_directory, sequence, text_of
from .grants import GrantReader
from .problems import Problems, did_you_mean
from .values import Bundle, Policy, Rule
from .yaml_lines import Document, Path


class PolicyReader:
    """Reads the files of a policy. Bundles may be defined in another file than the rules that use them."""

    def __init__(
        self, problems: Problems, grants: GrantReader, known_attributes: t.Collection[str] | None, commit: str
    ) -> None:
        self.problems = problems
        self.grants = grants
        self.known = None if known_attributes is None else frozenset(known_attributes) | PERSON_FIELDS
        self.commit = commit
        self.bundles: dict[str, Bundle] = {}

    def read(self, directory: t.Any) -> Policy:
        documents = [
            document
            for document, _unused in read_directory(directory, "policy", self.problems, required=True)
            if isinstance(document.value, dict)
        ]
        version = self._version(documents, str(directory))
        trees = self._trees(documents)
        defined = Definitions("the bundle", self.problems)
        for document in documents:
            for key in mapping(document.value.get("bundles")):
                path = ("bundles", key)
                if defined.add(key, document.origin(path)):
                    self.bundles[key] = Bundle(key, self.grants.read(document, path), document.origin(path))
        rules = [
            (self._rule(document, ("rules", number)), document)
            for document in documents
            for number, rule in enumerate(sequence(document.value.get("rules")))
            if isinstance(rule, dict)
        ]
        self._unique("the rule", [rule for rule, _unused in rules])
        duty_files = DutyReader(self.problems, self.grants, self.known)
        duties = duty_files.duties(documents)
        break_glass = read_break_glass(documents, self.problems, self.grants, self.known)
        policy = Policy(
            version=version,
            rules=tuple(rule for rule, _unused in rules),
            bundles=types.MappingProxyType(self.bundles),
            separation_of_duties=duties,
            trees=trees,
            commit=self.commit,
            accepted_risks=duty_files.risks(documents, duties),
            break_glass=break_glass,
            extend_at_most=self._extend_at_most(documents),
        )
        self._check_possible(policy)
        return policy

    def _version(self, documents: list[Document], directory: str) -> str:
        defined = Definitions("the version", self.problems)
        version = ""
        for document in documents:
            if "version" in document.value:
                found = document.value["version"]
                origin = document.origin(("version",))
                if defined.origins:
                    first = next(iter(defined.origins.values()))
                    message = f'"version" is defined twice; the first time at {first}'
                    self.problems.error("defined_twice", message, origin, "Keep it in one file")
                elif isinstance(found, str):
                    version = found.strip()
                    defined.add(version, origin)
        if documents and not any("version" in document.value for document in documents):
            self.problems.error(
                "missing_key", 'the key "version" is missing', directory, 'Add to one of the files: version: "1"'
            )
        return version

    def _extend_at_most(self, documents: list[Document]) -> dt.timedelta | None:
        defined = Definitions("the key", self.problems)
        found = None
        for document in documents:
            if "extend_at_most" in document.value:
                defined.add("extend_at_most", document.origin(("extend_at_most",)), "Keep it in one file")
                with contextlib.suppress(ValueError):  # the schema has said so
                    found = parse_duration(text_of(document.value["extend_at_most"]))
        return found

    def _trees(self, documents: list[Document]) -> t.Mapping[str, t.Mapping[str, tuple[str, ...]]]:
        trees: dict[str, dict[str, tuple[str, ...]]] = {}
        origins: dict[tuple[str, str], Origin] = {}
        for document in documents:
            for attribute, tree in mapping(document.value.get("trees")).items():
                self._check_tree_name(attribute, document.origin(("trees", attribute)))
                defined = trees.setdefault(attribute, {})
                for node, below in mapping(tree).items():
                    origin = document.origin(("trees", attribute, node))
                    key = "".join(texts(node))
                    if key in defined:
                        first = origins[attribute, key]
                        message = (
                            f'the node "{node}" of the tree "{attribute}" is defined twice; the first time at {first}'
                        )
                        self.problems.error("defined_twice", message, origin, "Put both lists into one")
                        continue
                    defined[key] = tuple(text for item in sequence(below) for text in texts(item))
                    origins[attribute, key] = origin
        for attribute, tree in trees.items():
            for node in tree:
                if _below_itself(tree, node):
                    self.problems.error(
                        "wrong_value",
                        f'in the tree "{attribute}", "{node}" is below itself',
                        origins[attribute, node],
                    )
        return types.MappingProxyType({name: types.MappingProxyType(tree) for name, tree in trees.items()})

    def _check_tree_name(self, attribute: str, origin: Origin) -> None:
        if attribute == "manager":
            self.problems.error("wrong_value", "the tree of managers comes from HR and cannot be written here", origin)
        elif self.known is not None and attribute not in self.known:
            hint = did_you_mean(attribute, self.known)
            self.problems.error("unknown_attribute", f'HR has no attribute "{attribute}"', origin, hint)

    def _rule(self, document: Document, path: Path) -> Rule:
        content = document.at(path)
        conditions = ConditionReader(document, self.problems, self.known)
        gives = list(self.grants.read(document, (*path, "grant"))) if "grant" in content else []
        bundles = []
        for number, name in enumerate(sequence(content.get("bundles"))):
            if not isinstance(name, str):
                continue
            bundles.append(name)
            if name in self.bundles:
                gives.extend(self.bundles[name].gives)
            else:
                self.problems.error(
                    "unknown_bundle",
                    f'there is no bundle "{name}"',
                    document.origin((*path, "bundles", number)),
                    did_you_mean(name, self.bundles),
                )
        return Rule(
            id=text_of(content.get("id")),
            when=conditions.read((*path, "when")) if "when" in content else All(),
            unless=conditions.read((*path, "unless")) if "unless" in content else None,
            gives=tuple(dict.fromkeys(gives)),
            bundles=tuple(bundles),
            why=text_of(content.get("why")),
            origin=document.origin(path),
        )

    def _unique(self, what: str, things: t.Sequence[Rule]) -> None:
        defined = Definitions(what, self.problems)
        for thing in things:
            if thing.id and thing.origin:
                defined.add(thing.id, thing.origin)

    def _check_possible(self, policy: Policy) -> None:
        """Refuse rules that are true of nobody, but only where everything could be read."""
        if self.problems.findings:
            return
        self.problems.findings.extend(impossible_rules(policy))


def impossible_rules(policy: Policy, single: t.Callable[[str], bool] | None = None) -> list[t.Any]:
    """Return an error for every rule whose conditions contradict one another."""
    problems = Problems()
    extra = (single,) if single else ()
    for rule in policy.rules:
        if not never_true(condition_of(rule), policy.trees, *extra):
            continue
        if never_true(rule.when, policy.trees, *extra):
            reason = 'the tests of its "when" contradict one another'
        else:
            reason = '"unless" leaves out everybody of whom "when" is true'
        problems.error("never_matches", f'the rule "{rule.id}" can never match: {reason}', rule.origin)
    return problems.findings


def _below_itself(tree: t.Mapping[str, t.Sequence[str]], node: str) -> bool:
    seen: set[str] = set()
    open_nodes = list(tree.get(node, ()))
    while open_nodes:
        here = open_nodes.pop()
        if here == node:
            return True
        if here not in seen:
            seen.add(here)
            open_nodes.extend(tree.get(here, ()))
    return False
