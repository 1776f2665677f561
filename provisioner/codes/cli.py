"""The codes of the command line, and those that belong to no area: PRV-10xx, PRV-64xx. Data only."""

CODES: dict[str, tuple[str, str]] = {
    "PRV-1000": (
        "An error without a code of its own",
        "The message says what is wrong. Where it does not help, run the command with PROVISION_DEBUG=1 and report what you see.",
    ),
    "PRV-1001": (
        "There is no app.yaml",
        "Commands work on ./app.yaml (or ./provision.yaml) unless you name a file.\n"
        "Fix: cd to the project, name the file (provision plan path/app.yaml), or make a project: provision init",
    ),
    "PRV-1002": (
        "There is no such environment",
        "Environments are the files environments/*.yaml beside app.yaml, and `sandbox`, which is built in.\n"
        "Fix: check the name that was given with -e or PROVISION_ENVIRONMENT.",
    ),
    "PRV-1003": (
        "Which environment?",
        "There are several files in environments/, and nothing says which one is meant. None is chosen by itself.\n"
        "Fix: -e NAME, or set PROVISION_ENVIRONMENT.",
    ),
    "PRV-1004": (
        "The machine refused",
        "No space left on a disk, no right to read or write a file, no memory, or too many open files: the message has the system's words.\n"
        "provision writes below .provision/ beside app.yaml, and secrets of running steps to /dev/shm.\n"
        "Fix the cause, then run the command again: a run that was under way is gone on with.",
    ),
    "PRV-1099": (
        "A bug in provision",
        "Something happened that the program did not expect (exit code 70). It is not your fault.\n"
        "The report under .provision/crashes/ holds the traceback, with what looks like a secret taken out: please send it.\n"
        "A run that was under way is not lost: provision resume goes on with it. PROVISION_DEBUG=1 shows the traceback at once.",
    ),
    "PRV-6400": (
        "The command line is wrong",
        "A verb, an option or a value of an option does not exist (exit code 64). Nothing was done.\n"
        "Fix: provision --help lists the verbs, provision VERB --help the options with examples.",
    ),
    "PRV-6401": (
        "There is no terminal to ask at",
        "apply and destroy ask before they change something, and there is nobody to ask: standard input is no terminal.\n"
        "Fix: --yes (or PROVISION_YES=1) goes on without asking. Protected data needs --allow-destroy NAME all the same.",
    ),
    "PRV-6402": (
        "No such code or topic",
        "provision explain lists all codes; topics are exit-codes, environment and formats.",
    ),
    "PRV-6403": (
        "Nothing was made: files are there already",
        "provision init and eject never overwrite a file.\n"
        "Fix: choose another folder (provision init shop), or move the file away that the message names.",
    ),
    "PRV-6404": (
        "No such type",
        "The name is neither a component type nor a trait of this project's catalogue. provision types lists them.\n"
        "Types come from the folder components/ beside app.yaml first, then from the library that comes with provision.",
    ),
    "PRV-6405": (
        "Nothing was delivered yet",
        "The store of this folder knows no run. Another store is named with --store, another project by going to its folder.",
    ),
    "PRV-6408": (
        "The file of a plan can't be written",
        "The folder is missing, full, or not ours. The plan itself is in the store: provision apply ID carries it out.",
    ),
    "PRV-6409": (
        "What is to be compared is not clear",
        "provision diff compares two revisions of one environment (41 42), one with the newest (41), app.yaml with what is delivered\n"
        "(nothing given; with --live also with what is there), or what is in two environments (--env staging --env prod).",
    ),
    "PRV-6406": (
        "Which application or environment?",
        "The store holds several, and nothing says which one is meant. Fix: name the application with --app, the environment with -e.",
    ),
    "PRV-6407": (
        "No such component or output",
        "The name is of nothing that is delivered. provision outputs lists all of them.",
    ),
    "PRV-6411": (
        "Nothing to damage",
        "No delivered component of the sandbox has that name or type, or there is nothing in it that can be damaged.\n"
        "Fix: provision apply first; provision status lists what is there.",
    ),
    "PRV-6413": (
        "No such action",
        "Actions (backup, restore …) are what a definition offers beside delivering a component: provision types TYPE lists them.\n"
        "Built-in components on hosts have `restart` as well. How many copies there are is no action: it is declared in app.yaml.",
    ),
    "PRV-6415": (
        "The component is not on that host",
        "--host takes the names of hosts as `provision status` and plans show them. A service of a cloud has none.",
    ),
    "PRV-6414": (
        "A parameter of an action does not fit",
        "provision action NAME VERB --set PARAMETER=VALUE; provision types TYPE lists the parameters of each action.\n"
        "Values are read as YAML unless the parameter is text: 5, true, [a, b].",
    ),
    "PRV-6412": (
        "No value was given for a secret",
        "provision secrets set NAME reads the value from the terminal (not shown), or from standard input:\n"
        "  printf %s \"$PIN\" | provision secrets set payments/hsm-pin\n"
        "It is never an argument: arguments are seen by every process of the machine.",
    ),
    "PRV-6429": (
        "The command says something else than the saved plan",
        "provision apply PLAN delivers the application, environment and hosts that the plan was made for, and keeps and destroys what it showed.\n"
        "-e, --on, --keep and --allow-destroy belong to provision plan. They may also come from PROVISION_… in the environment of the shell.",
    ),
    "PRV-6430": (
        "Something else lies where the plan was to be written",
        "provision plan --out FILE writes a new file or takes the place of an older plan, and never that of another file.",
    ),
    "PRV-6421": (
        "No such difference",
        "provision drift shows each difference with its path. --accept and --unaccept take a path, or a pattern in which * stands for anything;\n"
        "a pattern also means what lies below it: NAME@TARGET is everything of that component.",
    ),
    "PRV-6422": (
        "Not everything could be looked at, so nothing was written",
        "provision eject writes what is delivered as it is now: each host and each cloud has to answer for that.\n"
        "provision drift tells what does not; provision doctor what is missing.",
    ),
    "PRV-6423": (
        "That component can't take that over",
        "provision import NAME ADDRESS ID: NAME is a component of app.yaml that Terraform makes, or one copy of it (NAME@TARGET).\n"
        "provision import NAME --state FILE reads the ids from a Terraform state. On hosts nothing but NAME is given.",
    ),
    "PRV-6425": (
        "The Terraform state does not say what is to be taken over",
        "provision import NAME --state FILE takes a state as Terraform 0.13 and later write it (`terraform state pull > FILE` for a remote one).\n"
        "A resource is found by its address, else it has to be the only one of its type there and in the module; where it is not, name both:\n"
        "provision import NAME --state FILE ADDRESS ADDRESS-IN-STATE.",
    ),
    "PRV-6424": (
        "Nothing was taken over",
        "What provision import names has to stay: it is refused where Terraform would replace it to make it as app.yaml says, where an address\n"
        "or id is wrong, or where the component has that resource already (exit code 5). Terraform's words name the attribute that differs:\n"
        "give the component a property that fits what is there.",
    ),
}
