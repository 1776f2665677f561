"""Error blocks: where, what, the excerpt with a caret, the way out, the next command. Pure; imports the words only, so it is quick."""

from collections.abc import Iterable

from provisioner.console.look import Look, count
from provisioner.errors import Exit, Problem, ProvisionError, Where
from provisioner.model import Json


def error_text(error: ProvisionError, look: Look) -> str:
    """The whole block for one error with all its problems."""
    problems = error.problems
    blocks = [problem_text(problem, look) for problem in problems]
    errors = sum(problem.severity == "error" for problem in problems)
    tail: list[str] = []
    if len(problems) > 1:
        tail.append(f"{count(errors, 'error')}.")
    if problems[0].where is not None or len(problems) > 1:
        first = next((problem for problem in problems if problem.severity == "error"), problems[0])
        tail.append(f"More: provision explain {first.code}")
    if tail:
        blocks.append(look.line(" ".join(tail), "dim"))
    if error.next:
        blocks.append(look.paint("Next: ", "bold") + look.words(error.next))
    return "\n".join(blocks)


def problems_text(problems: Iterable[Problem], look: Look) -> str:
    """Warnings or errors one after the other."""
    return "\n".join(problem_text(problem, look) for problem in problems)


def problem_text(problem: Problem, look: Look) -> str:
    """One problem: `FILE:LINE:COLUMN error CODE message`, excerpt, hint."""
    word = problem.severity if problem.severity in ("error", "warning") else "note"
    head = look.paint(f"{word} {problem.code}", "error" if word == "error" else "warning")
    first, *more = look.words(problem.message).splitlines() or [""]
    if problem.where is None or not problem.where.file:
        lines = [f"{head} {first}", *("  " + line for line in more)]
        return "\n".join(lines + ([f"  hint: {look.words(problem.hint)}"] if problem.hint else []))
    lines = [f"{look.line(str(problem.where), 'bold')} {head}  {first}", *("  " + line for line in more)]
    shown = excerpt(problem.where, look, problem.hint)
    lines += shown or ([f"  hint: {look.words(problem.hint)}"] if problem.hint else [])
    return "\n".join(lines)


def excerpt(where: Where, look: Look, hint: str = "") -> list[str]:
    """The lines around the place, with carets under it and the hint behind them."""
    if not where.excerpt:
        return []
    digits = max(len(str(number)) for number, _ in where.excerpt)
    found: list[str] = []
    for number, text in where.excerpt:
        hit = number == where.line
        mark = ">" if hit else " "
        shown = look.words(text.replace("\t", " "))
        start = max(where.column - 1, 0)
        offset = max(0, start - 60) if look.width and len(shown) > look.width - digits - 6 else 0
        found.append(look.paint(f"{mark} {number:>{digits}} | ", "dim") + look.fit(shown[offset:], digits + 6))
        if hit:
            carets = "^" * max(1, min(where.width, len(text) - start or 1))
            found.append(look.paint(f"  {'':>{digits}} | ", "dim") + " " * (start - offset) + look.paint(carets, "error")
                         + (f" {look.words(hint)}" if hint else ""))
    return found


def error_json(error: ProvisionError, exit: Exit) -> dict[str, Json]:
    """The error object of `-o json`."""
    return {
        "schemaVersion": 1, "kind": "error", "exit": int(exit),
        "error": {"code": error.code, "message": error.message, "next": error.next},
        "problems": [problem_json(problem) for problem in error.problems],
    }


def problem_json(problem: Problem) -> dict[str, Json]:
    """One problem as data; line and column from 1, 0 where there is none."""
    where = problem.where
    return {
        "code": problem.code, "severity": problem.severity, "message": problem.message, "hint": problem.hint,
        "file": where.file if where else "", "line": where.line if where else 0, "column": where.column if where else 0,
    }
