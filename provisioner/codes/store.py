"""The codes of the store, its locks and its runs: PRV-60xx. Data only."""

CODES: dict[str, tuple[str, str]] = {
    "PRV-6001": (
        "The lock is held",
        "Another run works on this application in this environment; the message says who, since when and why.\n"
        "Wait for it with --lock-wait, or look at it with provision show RUN.\n"
        "The lock of a process that died is taken over by itself; nothing needs to be unlocked by hand.",
    ),
    "PRV-6002": (
        "A run or step can't go to that state",
        "States move along a fixed table: what has succeeded or was superseded is not opened again.\n"
        "provision show RUN tells its state; plan and apply anew where it can't be resumed.",
    ),
    "PRV-6004": (
        "The lock was lost",
        "This process was taken for dead (it slept, or lost the database longer than its lease) and another took over.\n"
        "It stopped recording and starts nothing more. Look at the other run: provision runs APP.",
    ),
    "PRV-6005": ("No such run or step", "The number is of another store, or was mistyped. provision runs lists them."),
    "PRV-6010": (
        "The store can't be opened",
        "Its file or folder is missing, or not readable and writable for you.\n"
        "It was perhaps made by another user: change its owner, or name another store with --store.",
    ),
    "PRV-6011": (
        "No space for the store",
        "The disk is full, a quota is reached, or the disk fails. The last transaction was undone as a whole.\n"
        "What was recorded can still be looked at. Free some space, then provision resume.",
    ),
    "PRV-6012": (
        "The store is read-only",
        "The file system is mounted read-only, or file and folder are not writable for you.\n"
        "SQLite writes two files beside its database, so the folder must be writable, too.",
    ),
    "PRV-6013": (
        "The store is damaged, or no store",
        "The file is not a database of provision, or was damaged (a copy while it was in use, a failing disk).\n"
        "Restore a backup. Without one, sqlite3 FILE .recover saves what is readable.",
    ),
    "PRV-6014": (
        "The store is busy",
        "Another process held a write transaction for more than half a minute: a backup, a debugger, a network disk.\n"
        "Find it with lsof FILE. Don't keep a SQLite store on a network file system: use PostgreSQL for a team.",
    ),
    "PRV-6015": (
        "The store is newer than this provision",
        "A newer version has changed its schema. Nothing was read or changed.\n"
        "Install that version: schemas go forward only.",
    ),
    "PRV-6016": (
        "The database refused",
        "The server can't be reached, or refuses user or password; its own words are in the message.\n"
        "Check --store, the network, and that the user may create tables.",
    ),
    "PRV-6017": (
        "No such kind of database",
        "--store is a path (SQLite) or a SQLAlchemy URL such as postgresql://USER@HOST/DATABASE.\n"
        "PostgreSQL needs its driver: pip install 'provision[postgresql]'.",
    ),
    "PRV-6018": (
        "A stored value can't be read",
        "A row was written by another version with another shape, or was edited by hand.\n"
        "Use the version that wrote it, or restore a backup.",
    ),
    "PRV-6019": (
        "A contradiction in the store",
        "Something with that name exists already, or what it belongs to does not.\n"
        "Two commands may have crossed: run the command again.",
    ),
}
