"""What differs between two states, as text and as `-o json`. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from provisioner.console.look import Look, count
from provisioner.console.shapes import head
from provisioner.console.values import value_text
from provisioner.model import Json
from provisioner.planner.differing import ABSENT, Difference


def differences_text(found: Sequence[Difference], sides: tuple[str, str], look: Look) -> str:
    """Each subject with its paths, before and after; `sides` are the names of the two."""
    lines = [look.line(f"{sides[0]} → {sides[1]}", "title"), ""]
    subject = None
    for one in found:
        if not one.path:
            sign, style = ("+", "green") if one.before == ABSENT else ("-", "red")
            kind = look.words(str(one.after if sign == "+" else one.before))
            lines.append(f"  {look.paint(sign, style)} {look.line(one.subject, 'bold')}   {kind}")
            continue
        if one.subject != subject:
            subject = one.subject
            lines.append(f"  {look.paint('~', 'yellow')} {look.line(subject or 'the application', 'bold')}")
        lines.append("      " + look.fit(look.words(f"{one.path}: {_shown(one.before)} → {_shown(one.after)}"), 6))
    subjects = {one.subject for one in found}
    lines += ([""] if found else []) + [f"{count(len(found), 'difference')} in {count(len(subjects), 'component')}." if found else "No difference."]
    return "\n".join(lines)


def _shown(value: Json) -> str:
    return ABSENT if value == ABSENT else value_text(value)


def differences_json(found: Iterable[Difference], sides: tuple[str, str]) -> dict[str, Json]:
    """The same as data."""
    return {**head("diff"), "before": sides[0], "after": sides[1],
            "differences": [{**asdict(one), "component": one.subject.partition("@")[0]} for one in found]}
