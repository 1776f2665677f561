"""AWS Secrets Manager through a client that is handed in: profiles, roles and the simulator are decided elsewhere."""

from collections.abc import Callable
from typing import Any

from provisioner.secrets.backends import SecretsError

AwsClient = Callable[[str, str], Any]
"""(service, target name) to a boto3 client that reaches it as that target is reached. Raises ProvisionError."""


class SecretsManager:
    """The secrets of one AWS target whose names begin with `prefix`; an ARN is taken as it is."""

    writable = True

    def __init__(self, client: AwsClient, target: str, prefix: str = "") -> None:
        self._make_client = client
        self._target = target
        self._prefix = prefix

    def read(self, name: str) -> str | None:
        answer = self._ask("get_secret_value", name, SecretId=self._id(name))
        if answer is None:
            return None
        if "SecretString" not in answer:
            raise SecretsError(f"secret {name} on {self._target} is binary, not text", code="PRV-7608")
        return str(answer["SecretString"])

    def exists(self, name: str) -> bool:
        answer = self._ask("describe_secret", name, SecretId=self._id(name))
        return answer is not None and "DeletedDate" not in answer

    def write(self, name: str, value: str, *, replace: bool) -> None:
        made = self._ask(
            "create_secret", name, absent=("ResourceExistsException",), Name=self._id(name), SecretString=value
        )
        if made is None and replace:
            self._ask("put_secret_value", name, SecretId=self._id(name), SecretString=value)

    def remove(self, name: str) -> None:
        self._ask("delete_secret", name, SecretId=self._id(name), ForceDeleteWithoutRecovery=True)

    def names(self) -> list[str]:
        found: list[str] = []
        token: dict[str, Any] = {}
        while True:
            page = (
                self._ask("list_secrets", self._prefix, Filters=[{"Key": "name", "Values": [self._prefix]}], **token)
                or {}
            )
            found += [
                item["Name"].removeprefix(self._prefix)
                for item in page.get("SecretList", ())
                if item["Name"].startswith(self._prefix)
            ]
            if not page.get("NextToken"):
                return sorted(found)
            token = {"NextToken": page["NextToken"]}

    def advice(self, name: str) -> str:
        return f"aws secretsmanager create-secret --name {self._id(name)} --secret-string file:///dev/stdin"

    def _id(self, name: str) -> str:
        return name if name.startswith("arn:") else self._prefix + name

    def _ask(
        self,
        operation: str,
        name: str,
        *,
        absent: tuple[str, ...] = ("ResourceNotFoundException",),
        **arguments: Any,
    ) -> dict[str, Any] | None:
        """One call; None when AWS answers with one of the `absent` codes. Never shows what was sent or received."""
        # boto3 takes half a second to import, and only environments with AWS need it
        from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

        try:
            answer: dict[str, Any] = getattr(self._make_client("secretsmanager", self._target), operation)(**arguments)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in absent:
                return None
            raise SecretsError(
                f"secret {name} on {self._target}: AWS refuses {operation}: {_message(error)}", hint=_hint(code)
            ) from None
        except BotoCoreError as error:
            raise SecretsError(
                f"secret {name} on {self._target}: AWS can't be reached: {type(error).__name__}",
                code="PRV-7604",
                hint="check the target's region, endpoint and credentials",
                next="provision doctor",
            ) from None
        return answer


def _message(error: Any) -> str:
    detail = error.response.get("Error", {})
    return f"{detail.get('Code', 'unknown')}: {detail.get('Message', '')}"


def _hint(code: str) -> str:
    if "AccessDenied" in code:
        return "the role of this target needs secretsmanager:GetSecretValue (and kms:Decrypt for its key)"
    if code == "InvalidRequestException":
        return "a secret that waits for its deletion can't be used: restore it or take another name"
    return "look at the secret in the AWS console"
