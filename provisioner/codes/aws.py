"""The codes of actions in a cloud: PRV-43xx. Data only."""

CODES: dict[str, tuple[str, str]] = {
    "PRV-4301": (
        "An action of a cloud service takes too long",
        "The call was made and AWS took it, but what it should lead to did not come about in time. It may still.\n"
        "Look at the service in the cloud's console; provision status tells whether it works.",
    ),
    "PRV-4302": (
        "A call of AWS' API is wrong",
        "An action of a definition names an operation, a waiter or an argument that AWS does not know. Nothing was called.\n"
        "Fix: actions: VERB: call: of that definition; names are those of boto3.",
    ),
}
