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
    "PRV-1603": (
        "Not an addon",
        "An addon is a folder with addon.yaml, which holds name, version (in quotes) and description, and beside it any of components/,\n"
        "components/traits/, modules/, playbooks/, tests/.",
    ),
    "PRV-1604": (
        "An addon can't be copied",
        "Its source is a folder as it is, or a git repository, which has branches and tags (--ref); --path names a folder\n"
        "within it. Links must not lead out of the addon: what they lead to would not be there on another machine.",
    ),
    "PRV-1605": ("No such addon", "provision addon list shows those of the project. They are in provision.lock, and their copies below addons/."),
    "PRV-1606": (
        "An addon is not what was checked",
        "The files below addons/NAME differ from the checksum in provision.lock: they were edited, merged badly, or are gone.\n"
        "provision addon restore NAME brings back what was checked. To change a type for this project, copy its definition to components/ and\n"
        "its module to modules/: they come first. To take a new version of the addon: provision addon upgrade NAME.",
    ),
    "PRV-1607": ("Two addons of one name", "A name stands for one addon in a project, and stays the same when it is upgraded."),
    "PRV-1608": (
        "Two addons define one type",
        "Which of them is meant would depend on an order that nobody sees. Remove one of the addons, or define the type in the project's own\n"
        "components/.",
    ),
    "PRV-1609": (
        "A source no longer has what was pinned",
        "A folder was edited since it was added, or a repository's history was rewritten. The copy in version control is what was checked.",
    ),
    "PRV-1610": (
        "An addon is in use",
        "A type would go that app.yaml or another application beside it names, or of which something is delivered. Without its type nothing can\n"
        "be planned that has it: take the component out and apply that before. --yes takes the type away all the same; what is delivered can\n"
        "then only be removed, and provision addon add brings the type back.",
    ),
}
