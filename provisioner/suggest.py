"""How a wrong name is answered: the nearest one, and the choices."""

from collections.abc import Iterable
from difflib import get_close_matches


def near(wrong: str, choices: Iterable[str]) -> str:
    """The choice that was probably meant, or nothing."""
    known = sorted(set(choices))
    lower = {name.lower().replace("-", "").replace("_", ""): name for name in known}
    if found := lower.get(wrong.lower().replace("-", "").replace("_", "")):
        return found
    letters = sorted(wrong)
    if swapped := next((name for name in known if len(name) == len(letters) and sorted(name) == letters), ""):
        return swapped
    return next(iter(get_close_matches(wrong, known, 1, 0.6)), "") if len(wrong) <= LONGEST else ""


LONGEST = 100
"""Characters: beyond it a comparison is slow, and it is no name."""


def suggestion(wrong: str, choices: Iterable[str], most: int = 12) -> str:
    """`did you mean "db"?` when something is near, else the choices (at the most `most` of them)."""
    known = sorted(set(choices))
    if found := near(wrong, known):
        return f'did you mean "{found}"?'
    if not known:
        return ""
    more = f", … ({len(known)} in all)" if len(known) > most else ""
    return "there is: " + ", ".join(known[:most]) + more
