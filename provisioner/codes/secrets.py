"""The codes of secrets: PRV-76xx. Data only."""

CODES: dict[str, tuple[str, str]] = {
    "PRV-7601": (
        "A secret has no value",
        "A reference ${secret.PATH} names a secret that nobody has set in this environment, or a key that it lacks.\n"
        "provision secrets set PATH -e ENVIRONMENT keeps it encrypted under .provision/secrets/.\n"
        "env:NAME takes it from your shell, file:PATH from a file, aws:TARGET/NAME#KEY from AWS Secrets Manager.",
    ),
    "PRV-7602": (
        "That is no secret's path",
        "Write PATH, generated/PATH, env:NAME, file:PATH, or aws:TARGET/NAME-OR-ARN#KEY.",
    ),
    "PRV-7603": (
        "A secret backend refuses",
        "The file can't be read, or AWS denies access; its own words are in the message.\n"
        "The role of an AWS target needs secretsmanager:GetSecretValue and DescribeSecret, and kms:Decrypt for its key.",
    ),
    "PRV-7604": (
        "A secret backend can't be reached",
        "The folder .provision/secrets is not writable, the disk is full, or AWS can't be reached.\n"
        "Check the target's region, endpoint and credentials: provision doctor.",
    ),
    "PRV-7605": (
        "The encrypted secrets can't be decrypted",
        "The key under .provision/secrets/key is gone or is another one, or the file was changed.\n"
        "Restore both from the same backup. There is no other way to the values: set them again.",
    ),
    "PRV-7606": (
        "The key of the secrets may be read by others",
        "Its mode must be 0600: chmod 600 .provision/secrets/key.\n"
        "If others use this machine, change the secrets: they may have been read.",
    ),
    "PRV-7607": (
        "This secret is only read",
        "Secrets from the environment (env:) and from files (file:) are set where they come from.",
    ),
    "PRV-7608": (
        "A secret has another shape",
        "A path with #KEY needs a JSON object, and binary secrets can't be used as text.",
    ),
    "PRV-7609": (
        "The environment's secrets are configured wrongly",
        "secrets: {backend: file|env|aws, prefix: TEXT, target: NAME}.\n"
        "aws needs one AWS target in the environment, or its name under target.",
    ),
}
