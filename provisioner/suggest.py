"""How a wrong name is answered: the nearest one, and the choices."""

from collections.abc import Iterable
from difflib import get_close_matches


def suggestion(wrong: str, choices: Iterable[str], most: int = 12) -> str:
    """`did you mean "db"?` when something is near, else the choices (at the most `most` of them)."""
    known = sorted(set(choices))
    near = get_close_matches(wrong, known, 1, 0.6)
    if near:
        return f'did you mean "{near[0]}"?'
    if not known:
        return ""
    more = f", … ({len(known)} in all)" if len(known) > most else ""
    return "there is: " + ", ".join(known[:most]) + more
