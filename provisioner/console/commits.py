"""What was committed between two deliveries, as lines and as data. Pure."""

from provisioner.console.look import Look, count
from provisioner.model import Commits, Json

SHORT = 10


def commits_lines(commits: Commits, look: Look, most: int = 0) -> list[str]:
    """A line for each commit, newest first, and what the list does not say; `most`: no more of them than these."""
    listed = commits.listed[:most or None]
    more = commits.more + len(commits.listed) - len(listed)
    lines = ["  " + look.fit(look.words(f"{one.id} {one.subject} · {one.author}"), 2) for one in listed]
    lines += [f"  and {count(more, 'commit')} more"] if more else []
    return lines + (["  " + look.words(commits.note)] if commits.note else [])


def commits_section(commits: Commits, look: Look, commit: str = "") -> list[str]:
    """The same under a head that names the `commit` that they lead to; nothing where nothing is known."""
    lines = commits_lines(commits, look)
    head = [look.paint("Commit  ", "bold") + look.words(commit)] if commit else []
    return head + ([look.paint("Commits", "bold") + f" since {commits.since[:SHORT]}", *lines] if lines else [])


def commits_json(commits: Commits) -> dict[str, Json]:
    """The same as data."""
    return {"since": commits.since, "more": commits.more, "note": commits.note,
            "listed": [{"id": one.id, "subject": one.subject, "author": one.author} for one in commits.listed]}
