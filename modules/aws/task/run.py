"""Runs an ECS task to its end, for Terraform's local-exec: what RUN (JSON) asks for; exits with 1 when a copy does not end well.

Needs boto3 only. AWS is reached as the provider block of the root's main.tf.json says, if there is one, and by the environment.
What it started carries a mark; a second call for the same definition waits for what still runs and counts what ended well.
"""

import hashlib
import json
import os
import re
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

AT_ONCE = 10
"""Copies that one call of RunTask starts at most."""
POLLS = (1, 1, 2, 2, 3, 5)
"""Seconds between two looks; the last one for ever."""
BACKOFF = (10, 20, 40, 80, 160, 300)
"""Seconds before the next try, as Kubernetes waits."""
LOG_LINES = 50


class Failed(Exception):
    """A copy did not end well."""


class Run:
    """One task definition, as many copies as asked for."""

    def __init__(self, asked: Mapping[str, Any], ecs: Any, logs: Any) -> None:
        self.asked, self.ecs, self.logs = asked, ecs, logs
        self.mark = hashlib.sha256(f"{asked['definition']} {asked['copies']}".encode()).hexdigest()[:32]

    def to_the_end(self) -> None:
        """Until every copy has ended well. Raises Failed."""
        well = {task["taskArn"] for task in self.known() if task["lastStatus"] == "STOPPED" and verdict(task) == ""}
        if well:
            say(f"{len(well)} of {self.asked['copies']} ended well before")
        for number in range(self.asked["retries"] + 1):
            under_way = [task["taskArn"] for task in self.known() if task["lastStatus"] != "STOPPED"]
            if under_way:
                say(f"{len(under_way)} still running: waiting for them")
            lacking = self.asked["copies"] - len(well) - len(under_way)
            ended = self.wait([*under_way, *self.start(lacking)])
            wrong = {arn: said for arn, task in ended.items() if (said := verdict(task))}
            well |= ended.keys() - wrong.keys()
            for arn, said in wrong.items():
                say(f"{name_of(arn)} {said}")
                self.tell_log(arn)
            if len(well) >= self.asked["copies"]:
                return say(f"{self.asked['copies']} of {self.asked['copies']} ended well")
            if number < self.asked["retries"]:
                pause = BACKOFF[min(number, len(BACKOFF) - 1)]
                say(f"trying again in {pause} s ({number + 1} of {self.asked['retries']})")
                time.sleep(pause)
        raise Failed(f"{self.asked['copies'] - len(well)} of {self.asked['copies']} did not end well")

    def known(self) -> list[dict[str, Any]]:
        """What was started for the same before: still running, or ended within the hour for which ECS remembers it."""
        family = self.asked["definition"].rpartition("/")[2].rpartition(":")[0]
        listed = self.ecs.get_paginator("list_tasks")
        arns = [arn for status in ("RUNNING", "STOPPED")
                for page in listed.paginate(cluster=self.asked["cluster"], family=family, desiredStatus=status) for arn in page["taskArns"]]
        return [task for task in self.described(arns) if task.get("startedBy") == self.mark]

    def described(self, arns: list[str]) -> Iterator[dict[str, Any]]:
        for first in range(0, len(arns), 100):
            yield from self.ecs.describe_tasks(cluster=self.asked["cluster"], tasks=arns[first:first + 100])["tasks"]

    def start(self, copies: int) -> list[str]:
        """Raises Failed where ECS starts none."""
        found: list[str] = []
        while len(found) < copies:
            answer = self.ecs.run_task(
                cluster=self.asked["cluster"], taskDefinition=self.asked["definition"], count=min(AT_ONCE, copies - len(found)),
                launchType="FARGATE", startedBy=self.mark, propagateTags="TASK_DEFINITION",
                networkConfiguration={"awsvpcConfiguration": {
                    "subnets": self.asked["subnets"], "securityGroups": self.asked["security_groups"],
                    "assignPublicIp": "ENABLED" if self.asked["public"] else "DISABLED"}})
            if not answer["tasks"]:
                raise Failed("ECS starts none: " + "; ".join(str(one.get("reason")) for one in answer["failures"]))
            found += [task["taskArn"] for task in answer["tasks"]]
        for arn in found:
            say(f"{name_of(arn)} was started")
        return found

    def wait(self, arns: list[str]) -> dict[str, dict[str, Any]]:
        """Task to how it ended. Raises Failed when the time is over; what still runs then is stopped."""
        ended: dict[str, dict[str, Any]] = {}
        end, looks = time.monotonic() + self.asked["seconds"], 0
        while len(ended) < len(arns):
            time.sleep(POLLS[min(looks, len(POLLS) - 1)])
            looks += 1
            waiting = [arn for arn in arns if arn not in ended]
            ended |= {task["taskArn"]: task for task in self.described(waiting) if task["lastStatus"] == "STOPPED"}
            if len(ended) < len(arns) and time.monotonic() > end:
                for arn in set(arns) - ended.keys():
                    self.ecs.stop_task(cluster=self.asked["cluster"], task=arn, reason="its time is over")
                    self.tell_log(arn)
                raise Failed(f"{len(arns) - len(ended)} did not end within {self.asked['seconds']} s and were stopped")
        return ended

    def tell_log(self, arn: str) -> None:
        """Its last lines; that there are none is no failure."""
        try:
            events = self.logs.get_log_events(logGroupName=self.asked["log_group"], logStreamName=f"main/main/{name_of(arn)}",
                                              limit=LOG_LINES, startFromHead=False)["events"]
        except self.logs.exceptions.ClientError:
            return
        for event in events:
            say(f"  {event['message']}")


def verdict(task: Mapping[str, Any]) -> str:
    """Why a task that has ended did not end well, or nothing."""
    codes = [container.get("exitCode") for container in task["containers"] if container["name"] == "main"]
    if codes == [0]:
        return ""
    reason = "; ".join(filter(None, [task.get("stoppedReason", ""), *(container.get("reason", "") for container in task["containers"])]))
    what = "did not start" if codes in ([], [None]) else f"ended with exit code {codes[0]}"
    return f"{what}: {reason}" if reason else what


def name_of(arn: str) -> str:
    """The last part of an ARN: the task's id."""
    return arn.rpartition("/")[2]


def say(text: str) -> None:
    print(text, flush=True)


def session(root: Path) -> Any:
    """A session that reaches AWS as the root's provider does: region, keys, profile and role of its block, else by the environment."""
    import boto3

    block = provider(root)
    names = {"region": "region_name", "profile": "profile_name", "access_key": "aws_access_key_id", "secret_key": "aws_secret_access_key",
             "token": "aws_session_token"}
    found = boto3.Session(**{names[key]: value for key, value in block.items() if key in names and value})
    roles = block.get("assume_role") or []
    for role in roles if isinstance(roles, list) else [roles]:
        options = {"role_arn": "RoleArn", "external_id": "ExternalId", "session_name": "RoleSessionName"}
        given = {"RoleSessionName": "provision", **{options[key]: value for key, value in role.items() if key in options and value}}
        keys = found.client("sts").assume_role(**given)["Credentials"]
        found = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], found.region_name)
    return found


def provider(root: Path) -> dict[str, Any]:
    """The block of the provider `aws`, its variables filled as Terraform fills them (TF_VAR_NAME)."""
    try:
        blocks = json.loads((root / "main.tf.json").read_text()).get("provider", {}).get("aws", {})
    except FileNotFoundError:
        return {}
    text = json.dumps(blocks[0] if isinstance(blocks, list) else blocks)
    filled = re.sub(r"\$\{var\.(\w+)\}", lambda match: json.dumps(os.environ.get(f"TF_VAR_{match[1]}", ""))[1:-1], text)
    found: dict[str, Any] = json.loads(filled)
    return found


def main() -> int:
    from botocore.exceptions import BotoCoreError, ClientError

    asked = json.loads(os.environ["RUN"])
    try:
        reached = session(Path(asked["root"]))
        Run(asked, reached.client("ecs"), reached.client("logs")).to_the_end()
    except (Failed, BotoCoreError, ClientError) as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
