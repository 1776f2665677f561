"""Codes of what comes from elsewhere: PRV-16xx. Data only."""

CODES: dict[str, tuple[str, str]] = {
    "PRV-1601": (
        "The lock file can't be read",
        "provision.lock says which commit and content of addons and remote modules a project uses. It is written by provision and kept\n"
        "under version control: take it from there again. Without it, addons are added and checked anew.",
    ),
    "PRV-1602": (
        "git could not get a repository",
        "The reason is git's own. No password is asked for: give one by a credential helper or an SSH agent. What was fetched before\n"
        "is used again without a network, at the commit in provision.lock.",
    ),
}
