"""policy: tests of rules."""

from collections.abc import Iterator
from pathlib import Path

from provisioner.cli.door import Door
from provisioner.console.look import count
from provisioner.console.shapes import head
from provisioner.errors import Exit, Problem
from provisioner.planner.judging import given, judge
from provisioner.spec.rules import RuleFile, RuleTest, read_file


def test(door: Door, /, files: tuple[Path, ...]) -> int:
    """Judge what the tests of files of rules give."""
    found = [(path, one, list(_differences(rules, one))) for path in files for rules in [read_file(path)] for one in rules.tests]
    failed = sum(bool(wrong) for _, _, wrong in found)
    if door.json:
        door.say_json({**head("policy-test"), "failed": failed, "tests": [
            {"file": str(path), "name": one.name, "passed": not wrong, "differences": wrong} for path, one, wrong in found]})
    else:
        for path, one, wrong in found:
            word = door.look.paint("FAILED" if wrong else "ok    ", "error" if wrong else "good")
            door.say(f"{word}  {door.look.words(f'{path.name}: {one.name}')}")
            for line in wrong:
                door.say("        " + door.look.words(line))
        door.say(f"{count(len(found), 'test')}, {failed} failed")
    return Exit.FAILED if failed else Exit.OK


def _differences(rules: RuleFile, one: RuleTest) -> Iterator[str]:
    """What the rules say otherwise than the test; a rule that can't be judged is always one."""
    problems = {rule.name: found[0] for rule in rules.rules if (found := judge([rule], given(one.given)))}
    known = {rule.name for rule in rules.rules}
    for severity, word, wanted in (("error", "denies", one.denies), ("warning", "warns", one.warns)):
        for name in wanted:
            if name not in known:
                yield f'there is no rule "{name}"'
            elif name not in problems or problems[name].severity != severity:
                yield f'rule "{name}" does not {word.removesuffix("s") if word == "warns" else "deny"} it'
        yield from (_said(name, problem) for name, problem in problems.items() if problem.severity == severity and name not in wanted)
    yield from (_said(name, problem) for name, problem in problems.items() if problem.code == "PRV-5012" and name in (*one.denies, *one.warns))


def _said(name: str, problem: Problem) -> str:
    return f'rule "{name}" {"denies" if problem.severity == "error" else "warns"}: {problem.message}'
