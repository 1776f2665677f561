"""What differs between two states, and between the file and what is there, as text and as `-o json`. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from provisioner.api.comparing import Compared, Live
from provisioner.console.drift import alike, beside_json, difference_json, difference_lines, unseen_line
from provisioner.console.look import Look, count
from provisioner.console.shapes import head
from provisioner.console.values import value_text
from provisioner.model import Json
from provisioner.planner.differing import ABSENT, Difference


def differences_text(compared: Compared, look: Look) -> str:
    """Each subject with its paths, before and after; below each what is there, where the engines were asked."""
    found, sides = compared.found, compared.sides
    if compared.live is not None:
        return _live_text(compared, compared.live, look)
    lines = [look.line(f"{sides[0]} → {sides[1]}", "title"), ""]
    for subject in dict.fromkeys(one.subject for one in found):
        lines += _subject(subject, [one for one in found if one.subject == subject], look)
    return "\n".join([*lines, *([""] if found else []), _summary(found)])


def _live_text(compared: Compared, live: Live, look: Look) -> str:
    asked, there = compared.found, live.found
    unseen = [(name.partition("/")[0], name, why) for name, why in there.unseen]
    lines = [look.line(f"{compared.sides[0]} → {compared.sides[1]}, and what is there", "title"), ""]
    for subject in sorted({one.subject for one in asked} | {one.unit for one in there.open} | {unit for unit, _, _ in unseen}):
        lines += _subject(subject, [one for one in asked if one.subject == subject], look)
        for group in alike(one for one in there.open if one.unit == subject):
            lines += difference_lines(group, look, doing="with it")
        lines += [unseen_line(name, why, look) for unit, name, why in unseen if unit == subject]
    lines += [look.paint("Note  ", "bold") + look.words(note) for note in live.plan.notes]
    return "\n".join([*lines, *([""] if lines[-1] else []), f"Asked for: {_summary(asked)}", f"There:     {_there(live)}"])


def _there(live: Live) -> str:
    found = live.found
    told = (f"{count(len(found.open), 'difference')} in {count(len({one.unit for one in found.open}), 'component')}" if found.open else
            f"as app.yaml says, {count(live.units, 'component')} looked at")
    others = ((len(found.accepted), "accepted"), (len(found.ignored), "ignored"), (len(found.unseen), "not looked at"))
    beside = (f"{number} {word}" for number, word in others if number)
    return " · ".join([told, *beside]) + "."


def _summary(found: Sequence[Difference]) -> str:
    if not found:
        return "No difference."
    components = len({one.subject for one in found} - {""})
    return count(len(found), "difference") + (f" in {count(components, 'component')}." if components else " in the application.")


def _subject(subject: str, found: Iterable[Difference], look: Look) -> list[str]:
    """What is asked of one component in another way; a subject of which only the world says something has a line, too."""
    lines: list[str] = []
    for one in found:
        if one.path:
            lines.append("      " + look.fit(look.words(f"{one.path}: {_shown(one.before)} → {_shown(one.after)}"), 6))
            continue
        sign, style = ("+", "green") if one.before == ABSENT else ("-", "red")
        kind = look.words(str(one.after if sign == "+" else one.before))
        return [f"  {look.paint(sign, style)} {look.line(one.subject, 'bold')}   {kind}"]
    return [f"  {look.paint('~', 'yellow')} {look.line(subject or 'the application', 'bold')}", *lines]


def _shown(value: Json) -> str:
    return ABSENT if value == ABSENT else value_text(value)


def _live_json(live: Live) -> dict[str, Json]:
    """In the words of `drift`: `declared` is the file's side."""
    return {"units": live.units, "differences": [difference_json(one) for one in live.found.open], **beside_json(live.found, live.plan.notes)}


def differences_json(compared: Compared) -> dict[str, Json]:
    """The same as data."""
    return {**head("diff"), "before": compared.sides[0], "after": compared.sides[1],
            "differences": [{**asdict(one), "component": one.subject.partition("@")[0]} for one in compared.found],
            "live": _live_json(compared.live) if compared.live else None}
