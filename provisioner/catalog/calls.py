"""The shape of an action that is one call of a cloud's API. AWS' is the one that there is an engine for."""

from provisioner.spec.oam import TEXT, closed

TEMPLATES = {"type": "object", "description": "Templates over ${module.…}, the outputs of the delivered module"}
CALL = closed({
    "service": {**TEXT, "description": "Service of AWS as boto3 names it: ecs, rds"},
    "operation": {**TEXT, "description": "Its operation as boto3 names it: reboot_db_instance"},
    "arguments": TEMPLATES,
    "wait": closed({"for": {**TEXT, "description": "A waiter of boto3: db_instance_available"}, "arguments": TEMPLATES}, ("for",)),
}, ("service", "operation"))
