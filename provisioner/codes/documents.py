"""Codes of documents and of what they ask for: PRV-11xx to PRV-15xx. Data only."""

CODES: dict[str, tuple[str, str]] = {
    "PRV-1228": ("Environments extend each other", "`extends` leads back to where it began. One of them must stand by itself."),
    "PRV-1229": ("The extended environment is not there", "`extends: NAME` means environments/NAME.yaml, beside the file that says it."),
    # ---------------------------------------------------------------- policies
    "PRV-1535": (
        "A read-only component is not there",
        "A read-only policy means something that this application, or another one of the same store and environment, has delivered before.\n"
        "What others made is given by the environment: place: [{components: [NAME], existing: {OUTPUT: VALUE}}].",
    ),
    "PRV-1541": (
        "A rule's condition can't be read",
        "Conditions are CEL: unit.type == 'bucket' && !(has(unit.inputs.kms_key_arn)). They see app, environment, user, and what the rule is\n"
        "judged for (`each`): component; unit and component; change, unit and component; or plan (units, changes, counts).",
    ),
    "PRV-1531": (
        "A policy names no component, type or trait",
        "A name, or a pattern with *, that no component has; a type or trait that there is not. With a type and a name without * an override\n"
        "adds a component.",
    ),
    "PRV-1537": (
        "A policy does nothing here",
        "A warning. A rule means a component, type or trait that there is not (any more), or no deploy step of the workflow names the policy.\n"
        "A protect policy with a slip in a name protects nothing. Where an environment means a component of an application that is not\n"
        "delivered there yet, APPLICATION/NAME says so.",
    ),
    "PRV-1532": (
        "A deploy step names no policy",
        "`policies` of a deploy step are names of the application's policies, or of Policy documents beside it.",
    ),
    "PRV-1533": (
        "Two deploy steps deliver one component",
        "A warning. One component on one target is one thing: it can't be delivered in two ways. KubeVela tells them apart by namespace.\n"
        "Give each step a topology policy with other targets.",
    ),
    "PRV-1534": ("A component has two types", "An override changes its type in one deploy step only. Add a component of another name instead."),
    # ---------------------------------------------------------------- reading a file
    "PRV-1101": ("A document can't be read", "There is no such file, or you may not read it. provision init writes a first app.yaml."),
    "PRV-1102": (
        "A document is too large",
        "4 MiB is enough for some ten thousand components. A larger file is a mistake: a dump, an archive, a log.",
    ),
    "PRV-1103": ("A document is a binary file", "It holds zero bytes. Documents are YAML, in UTF-8."),
    "PRV-1104": ("A document is not UTF-8", "The byte at that place belongs to another encoding, often Latin-1. Save the file as UTF-8."),
    "PRV-1105": (
        "A control character",
        "YAML allows tab and line ends, no other control characters. They come from copying out of terminals and word processors.\n"
        'Delete it; where it is meant, write an escape in double quotes: "\\x1b".',
    ),
    "PRV-1106": ("A document is empty", "It holds nothing, or only comments. A document begins with apiVersion and kind."),
    "PRV-1107": (
        "Several documents in one file",
        "An environment or a definition is one file. Split it at ---. Only app.yaml may hold more beside the application.",
    ),
    "PRV-1108": (
        "Not valid YAML",
        "The place is where the parser noticed; the cause is there or in a line above it.\n"
        "Frequent: a colon followed by a space inside unquoted text, a quote that is not closed, lines of one map in different columns.",
    ),
    "PRV-1109": ("A tab indents a line", "YAML is indented by spaces. Most editors can convert tabs: look for \"expand tabs\"."),
    "PRV-1110": ("A key is there twice", "YAML readers keep one of the two and differ in which. Delete one, or give it another name."),
    "PRV-1111": (
        "Aliases blow a document up",
        "Aliases of aliases multiply: a few lines can stand for billions of values. More than 250,000 repeated values or 50,000 aliases\n"
        "are refused before any is made.",
    ),
    "PRV-1112": (
        "An alias without an anchor",
        "*NAME repeats what &NAME marked before, and can't stand inside of it. Quote text that begins with * or &.",
    ),
    "PRV-1113": (
        "A reference needs quotes",
        "Inside [ ] and { } YAML takes the brace of ${…} as the beginning of a map. Write \"${ledger.url}\" in quotes there.\n"
        "In a line of its own, KEY: ${ledger.url}, no quotes are needed.",
    ),
    "PRV-1114": ("A key is no text", "Keys are names. The usual cause is {{ … }} without quotes: YAML reads a map whose key is a map."),
    "PRV-1115": (
        "A YAML tag",
        "Tags such as !vault or !!binary make readers build something else than text, numbers, lists and maps. Documents have none.",
    ),
    "PRV-1116": ("Nested too deep", "More than 100 levels. No document of people is that deep."),
    "PRV-1117": (
        "A number that is ambiguous or none",
        "0644 is decimal in YAML 1.2 and octal in YAML 1.1; .inf and .nan are no JSON. Write text in quotes; write 0o644 for an octal number.",
    ),
    "PRV-1118": (
        "<< merges maps only",
        "<<: *NAME merges the map marked by &NAME below the keys that stand beside it; a list of such maps works, too.",
    ),
    # ---------------------------------------------------------------- the shape of documents
    "PRV-1200": ("Not a map", "A document is a map with apiVersion, kind, metadata and spec."),
    "PRV-1201": (
        "Another kind of document",
        "Application: apiVersion core.oam.dev/v1beta1. Environment, ComponentDefinition, TraitDefinition: apiVersion provision/v1.",
    ),
    "PRV-1202": ("A field is missing", "The document can't be understood without it. provision schema prints what belongs where."),
    "PRV-1203": (
        "Unknown field",
        "Fields that are not known are refused: a mistyped one would otherwise be ignored silently. The nearest known name is shown.\n"
        "provision schema > schema.json lets an editor complete and check fields while you type.",
    ),
    "PRV-1204": ("A field has the wrong type", "Numbers and booleans are written without quotes, text that looks like one with quotes."),
    "PRV-1205": (
        "A field has a value that can't be",
        "The message says what is allowed. Names are DNS labels: lower-case letters, digits, dashes, 63 at most.",
    ),
    "PRV-1206": ("A name is there twice", "Components, policies, targets and hosts are known by their names. Give one of the two another name."),
    "PRV-1207": (
        "A reserved name",
        "app, var, secret, env, parameters, outputs, module, hosts, target, component and self begin references of their own:\n"
        "${app.version} is no output of a component. Take another name.",
    ),
    "PRV-1208": (
        "Not supported yet",
        "The document uses something that provision knows and does not carry out yet: an environment's rollout, windows or approvals.\n"
        "It is refused, because leaving it out silently would change what is delivered.",
    ),
    "PRV-1209": ("Unknown policy", "The policy types are KubeVela's, and `protect`. What each takes: docs/policies.md."),
    "PRV-1210": ("A field has no effect", "A warning. Kubernetes or older versions of OAM write such fields; they mean nothing here and can go."),
    "PRV-1211": (
        "Several applications in one file",
        "A run delivers one application. Name it after the file: provision plan app.yaml#NAME.",
    ),
    "PRV-1212": (
        "Not acted on yet",
        "A warning. Some of KubeVela's policies and traits are read, and nothing is done about them yet: components are delivered without them.",
    ),
    "PRV-1213": (
        "A document is left out",
        "A warning. The file holds a Kubernetes object beside the application: a ConfigMap, a Secret, a Deployment. Nothing is made of it.",
    ),
    "PRV-1220": (
        "A target says not what it is",
        "A target has exactly one of aws (region, assumeRole, …), terraform (offers, provider, …) or hosts (list, inventory or local).\n"
        "A target with aws or terraform may have hosts beside it: how to reach the machines that are made there.",
    ),
    "PRV-1221": ("An environment variable is not set", "${env.NAME} in an Environment is filled from your shell. Export it, or write a default."),
    "PRV-1222": ("No such target", "Place rules and aliases name targets of the same environment."),
    "PRV-1223": (
        "An inventory can't be used",
        "Ansible could not read it, or it has no hosts; its own words are shown. The path is relative to the project's folder.\n"
        "Try it by itself: ansible-inventory -i FILE --list.",
    ),
    "PRV-1224": (
        "--on takes hosts",
        "USER@HOST or USER@HOST:PORT; without USER@ your SSH configuration decides. IPv6 with a port: USER@[2001:db8::1]:22.",
    ),
    "PRV-1225": (
        "A rule is incomplete",
        "A place rule says for what (components or types) and exactly one of: one (a target), each (a copy on every target that matches),\n"
        "existing (outputs of something that others made). An override says for what, too.",
    ),
    "PRV-1227": (
        "A schedule can't be read",
        "drift.schedule of an environment is a cron line of five fields, in UTC: minute, hour, day of month, month, day of week.\n"
        "0 6 * * * is every morning at six.",
    ),
    "PRV-1226": (
        "File and environment have different names",
        "environments/NAME.yaml holds the environment NAME: -e, the history and the state go by that name.",
    ),
    # ---------------------------------------------------------------- references
    "PRV-1301": (
        "Not a reference",
        "${NAME.OUTPUT} is an output of a component, ${app.…}, ${var.…} and ${secret.…} are values; | default(x) may follow.\n"
        "| urlencode, last, makes a value fit into a URL: postgresql://app:${secret.db|urlencode}@… for a password with # / : or @.\n"
        "A literal ${ is written $${, for instance $${HOME} for a shell.",
    ),
    "PRV-1302": ("A reference has no value", "There is nothing at the end of its path. The choices are shown."),
    "PRV-1310": (
        "A reference to no component",
        "The name before the dot is no component of this application, and none of app, var and secret.\n"
        "A literal ${NAME} for a shell is written $${NAME}.",
    ),
    "PRV-1311": ("A reference to no output", "The component's type does not have that output. provision types TYPE lists outputs."),
    # ---------------------------------------------------------------- types and their properties
    "PRV-1401": ("Unknown type", "provision types lists all. A project's own types lie in components/TYPE.yaml beside app.yaml."),
    "PRV-1403": ("Unknown property", "The type does not have it. provision types TYPE shows all, with defaults and an example."),
    "PRV-1404": ("A property is missing", "The type can't do without it. provision types TYPE shows an example."),
    "PRV-1405": ("A property has the wrong type", "A reference ${…} fits everywhere; its value is checked when it is known."),
    "PRV-1406": ("A property has a value that can't be", "provision types TYPE shows what is allowed."),
    "PRV-1411": ("Unknown trait", "provision types lists traits. A project's own lie in components/traits/ beside app.yaml."),
    "PRV-1412": ("A trait does not apply to that type", "Its definition names the types that it can be attached to."),
    "PRV-1413": (
        "Two components of one name",
        "A trait adds components named after its own one: the gateway trait of NAME adds NAME-gateway. Rename the other one, or this one where\n"
        "that name would be too long.",
    ),
    "PRV-1414": (
        "A trait has no meaning here",
        "It speaks of Kubernetes: its scheduler, its accounts, its objects. The reason is in the message. Take it out for these targets,\n"
        "or say --ignore-unsupported: then it is a warning, and the rest is delivered without it.",
    ),
    "PRV-1415": (
        "There is no such container",
        "containerName is the component's own name, or the name of a sidecar that a trait before this one added.",
    ),
    # ---------------------------------------------------------------- definitions
    "PRV-1420": (
        "A definition is malformed",
        "docs/types and the shipped components/*.yaml show the shape of ComponentDefinition and TraitDefinition.",
    ),
    "PRV-1421": ("File and definition have different names", "components/NAME.yaml defines NAME: types are found by the names of their files."),
    "PRV-1422": ("Parameters are no JSON Schema", "`parameters` is a JSON Schema of an object (draft 2020-12), and its defaults must fit it."),
    "PRV-1423": (
        "An implementation without a tool",
        "Each implementation has terraform: {module} or ansible: {playbook}; `needs: existing` has neither.\n"
        "`actions` are playbooks that run where the implementation's own playbook does, so they need ansible; or a `call` of AWS' API\n"
        "that concerns what its module made, which needs terraform.",
    ),
    "PRV-1424": (
        "Outputs of contract and implementation differ",
        "An implementation gives every output that the contract does not derive itself, and no others.",
    ),
    "PRV-1425": (
        "A definition refers to nothing",
        "${parameters.X} and ${outputs.X} must be declared; an optional parameter without a default needs | default(…).",
    ),
    "PRV-1426": (
        "A parameter that would be accepted in silence",
        "Every implementation uses each parameter of its type in `variables`, `outputs` or `when`, or says why not: `refused` makes it an error\n"
        "for who gives it there, `ignored` a warning. provision def vet finds those that do neither.",
    ),
    "PRV-1430": ("Module or playbook is missing", "Paths are relative to the project, then to the library."),
    "PRV-1431": ("A module can't be read", "One of its .tf files is no HCL. terraform validate in its folder says more."),
    "PRV-1432": ("A module has no such variable", "`variables` of the implementation are the module's variables."),
    "PRV-1433": ("A module needs a variable", "It has no default in the module, so the implementation must set it."),
    "PRV-1434": ("A module has no such output", "${module.X} and hostsOutput name outputs of the module."),
    "PRV-1435": ("An example does not work", "The example of a definition must compose on every kind of target that it has an implementation for."),
    "PRV-1436": (
        "A parameter and its variable do not fit",
        "The module's variable is of another shape, or its validation refuses a value that the parameter allows. Make the parameter as strict.",
    ),
    "PRV-1437": (
        "A definition's file lies elsewhere",
        "Definitions are components/NAME.yaml and components/traits/NAME.yaml: paths in them begin at the folder above.",
    ),
    "PRV-1438": ("A further name of nothing", "sameAs names another type of the same kind, which is no further name itself."),
    "PRV-1439": (
        "What a component names can't deliver it",
        "terraform-module names a folder or git repository in `module`; ansible-playbook a `playbook` or a `role`. They are read\n"
        "before anything is delivered, so they can't be references.",
    ),
    "PRV-1440": ("A module makes no such resource", "`holds` names types of resources of the module, or of one beside it that it calls."),
    "PRV-1441": (
        "What a module needs is not clear",
        "Its required_providers name no cloud, or several. An implementation goes to targets that offer one thing: say which with --needs.",
    ),
    "PRV-1442": ("Neither playbook nor role", "A playbook is a YAML list of plays with `hosts`; a role is a folder with tasks/main.yml."),
    "PRV-1450": (
        "A definition of KubeVela that makes Kubernetes objects",
        "ComponentDefinitions with schematic.terraform are read as they are. Those in CUE, Helm or Kube make Kubernetes objects, for which\n"
        "there is no place here. docs/types and components/*.yaml show how a type is made by Terraform or Ansible.",
    ),
    "PRV-1451": (
        "A remote module is not pinned",
        "A warning. The definition names a git repository without a tag or commit. What its default branch was at first use is written to\n"
        "provision.lock and used from then on, so nothing changes by itself. Add ?ref=TAG to the URL, and delete the entry to move on.",
    ),
    "PRV-1452": (
        "A remote module can't be had",
        "The type's Terraform module lies in a git repository that can't be reached, or not as the definition says. git's own words are shown.\n"
        "Once fetched it lies in .provision/modules and needs no network.",
    ),
    "PRV-1453": (
        "A definition of KubeVela is malformed",
        "spec.schematic.terraform has `configuration` (HCL, JSON or a git URL), and `type`: hcl, json or remote.",
    ),
    "PRV-1454": (
        "A provider block is left out",
        "A warning. A module with a provider block of its own could not be removed again: Terraform needs the block to destroy what it made.\n"
        "The target's provider is used instead.",
    ),
    "PRV-1455": (
        "A provider's version is left out",
        "A warning. All components of a target share one Terraform root and one version of its provider, which the environment names. A\n"
        "definition that holds its module itself does not change it. Should the module need another version, give the target that one.",
    ),
    "PRV-1456": (
        "A field of a definition of KubeVela's makes no difference",
        "A warning. The message says why. Where and with which login Terraform works is said by the target of the environment.",
    ),
    # ---------------------------------------------------------------- where, how, which hosts
    "PRV-1502": ("dependsOn names no component", "The names of the application's components are shown."),
    "PRV-1503": ("An input without an output", "`from` of an OAM input is the name of an OAM output of some component of the application."),
    "PRV-1504": (
        "Components need each other in a circle",
        "Each of them waits for the next: by a reference or by dependsOn. Take one of these out; the path is shown.",
    ),
    "PRV-1505": ("A definition's template has no value", "A value that the implementation needs was not given, often one of the target's vars."),
    "PRV-1506": (
        "Which copy?",
        "A reference to a component with several copies means the one on the same target, else the one on the same site (label `site`),\n"
        "else the only one. Here none of these is clear: place one copy, or label targets by site.",
    ),
    "PRV-1507": ("An input does not fit", "parameterKey is a path into the component's properties: env.NAME, or ports[0].port."),
    "PRV-1508": (
        "An existing component lacks an output",
        "Somebody refers to it, or to an output that is derived from it. Give it in the environment's place rule, under existing.",
    ),
    "PRV-1509": ("An existing component has no such output", "Outputs of something that others made have the names that its type declares."),
    "PRV-1511": ("There can be no existing one", "The type has no `needs: existing`: its outputs can't be given by the environment."),
    "PRV-1512": ("The topology policy names no target", "Names are those of the environment's targets, or its aliases for them."),
    "PRV-1513": (
        "No target can carry a component",
        "The type has implementations for certain kinds of target (provision types TYPE), and no target of the environment is of one.\n"
        "Add a target, change the place rule, or name something that exists: place: [{components: [NAME], existing: {…}}].",
    ),
    "PRV-1514": (
        "Several targets fit",
        "Nothing says which one. provision does not guess where a database goes: add a place rule to the environment\n"
        "(one: {target: NAME}, or each: {} for a copy on all of them), or a topology policy to the application.",
    ),
    "PRV-1515": (
        "A target has left the environment",
        "Something is delivered there. Put the target back until it is removed: provision apply without the component, or destroy.",
    ),
    "PRV-1516": ("A property can't be had there", "The implementation for that kind of target can't do it; the reason is its author's."),
    "PRV-1517": (
        "A property makes no difference there",
        "A warning. The implementation for that kind of target takes no notice of it; the reason is its author's. It can stay for other targets.",
    ),
    "PRV-1521": ("No component makes those hosts", "`component` of the placement trait is a vm component on the same target."),
    "PRV-1522": ("Whose hosts?", "Several components make hosts on the target. Say which with the placement trait: component: NAME."),
    "PRV-1523": ("Unknown host", "The placement names a host that the target does not list."),
    "PRV-1524": ("No host fits", "Groups, labels or operating system of the placement and the implementation leave no host of the target."),
    "PRV-1525": ("Too few hosts", "replicas, or count of the placement, asks for more hosts than fit."),
    "PRV-1526": (
        "How many hosts is not known",
        "replicas and count must be numbers: how many copies there are is decided before anything is delivered.",
    ),
    "PRV-1527": (
        "Two components want one thing",
        "Only one can have it: a port of a host, a name in a cloud. Give one of them another port or name, or a host of its own\n"
        "with the placement trait.",
    ),
}
