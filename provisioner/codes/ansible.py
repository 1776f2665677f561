"""The codes of steps on hosts (PRV-42xx) and of hosts that are missing (PRV-72xx). Data only."""

CODES: dict[str, tuple[str, str]] = {
    "PRV-4201": (
        "A playbook failed on hosts",
        "The message names each host with task, message and the last lines of the tool; hosts that are alike stand together.\n"
        "The other hosts were finished. Fix the cause, then run apply again: hosts that are done are found unchanged.\n"
        "The exact command line lies in the step's folder, in the file `command`.",
    ),
    "PRV-4202": (
        "A playbook could not be started",
        "Ansible's own words are shown: a syntax error, a missing role, collection or vault password, a module that is not there.\n"
        "Fix: run the file `command` of the step's folder by hand with -vvv.",
    ),
    "PRV-4203": (
        "A host refuses the login",
        "SSH answers with the right host key, but user, private key or password are not accepted, or sudo is not allowed.\n"
        "Fix: set user and privateKey of the target; try ssh USER@ADDRESS and, with become, sudo -n true there.",
    ),
    "PRV-4204": (
        "A host's key is unknown or has changed",
        "Nothing is sent to a host whose key is not the one that was pinned or accepted before.\n"
        "Unknown: compare the fingerprint with the machine's own, then pin it (knownHosts: FILE) or accept it once (hostKeys: accept-new).\n"
        "Changed: if the machine was set up anew, take the old key out with the command that is shown; otherwise find out who answers.",
    ),
    "PRV-4205": (
        "A playbook did not set an output",
        "The type declares an output from ${module.NAME}, and the playbook has not given NAME by set_stats (or under provision.outputs).\n"
        "Fix: add a set_stats task that runs on every way through the playbook.",
    ),
    "PRV-4206": (
        "A secret came out of a playbook in clear",
        "set_stats gave a value that holds a secret (one that was given, or one out of a vault of Ansible), or that a type declares\n"
        "sensitive. It was not stored.\n"
        "Fix: declare the output as {generate: LENGTH} or {secret: …} and let the playbook take it as an input.",
    ),
    "PRV-4207": (
        "A host is not as the plan showed it",
        "Something changed on the host between plan and apply. Nothing was touched there.\n"
        "Fix: plan again, look at the difference, apply.",
    ),
    "PRV-4208": (
        "The playbook that removes a unit is gone",
        "Neither the original nor the copy that was kept when it was delivered is there.\n"
        "Fix: restore the playbook, or remove by hand what it made.",
    ),
    "PRV-4209": (
        "A step on hosts was interrupted",
        "Tasks that had begun on hosts run to their end there; no other was started.\n"
        "Fix: provision resume, or apply again: hosts that are done are found unchanged.",
    ),
    "PRV-4210": (
        "Ansible's process died",
        "It was ended from outside, or ran out of memory; its last words are shown.\n"
        "Fix: look at the machine's log (dmesg), then run apply again.",
    ),
    "PRV-4211": (
        "A step's folder can't be written",
        "Inventory and command line of each step are written below .provision/ and into memory (/dev/shm).\n"
        "Fix: free some space, make .provision writable for you, then provision resume.",
    ),
    "PRV-7201": (
        "A host does not answer",
        "No SSH server answered at address and port within the limit (10 s; hosts that have just been made: sshWait, 120 s).\n"
        "Causes: the host is down, a firewall, a wrong address, port or jump host.\n"
        "Fix: try the ssh command that is shown. Host back? apply finishes it. Gone for good? Take it out of the environment.",
    ),
    "PRV-7202": (
        "ansible-playbook is missing",
        "It belongs to the package ansible-core and is looked for beside this Python, then on PATH.\n"
        "Fix: pip install ansible-core ansible-runner",
    ),
    "PRV-7203": (
        "ssh is missing",
        "Hosts are reached with OpenSSH's client.\nFix: install the package openssh-client (Debian), openssh-clients (Red Hat).",
    ),
    "PRV-7204": (
        "A unit has no hosts",
        "The component that makes its hosts has not made any, or they left the environment.\n"
        "Fix: provision plan shows where each unit goes; check replicas and placement.",
    ),
}
