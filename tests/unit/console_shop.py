"""One invented application, "shop", as values: a plan with every kind of effect, its run, its events. Used by the tests of the console."""

from provisioner.model import Change, Delivered, Event, FileDiff, Host, HostSource, Plan, Step, Unit
from provisioner.store import Run, StepRow

START, END = "2026-10-01T20:04:11.123Z", "2026-10-01T20:11:13.123Z"
HOSTS = tuple(Host(f"web-{number:02d}", f"192.0.2.{number}", "dc1", labels={"zone": "core"}) for number in range(1, 13))


def cloud(component: str, kind: str, **more: object) -> Unit:
    """A unit of the Terraform root."""
    return Unit(f"{component}@aws", component, kind, "aws", "terraform", root="aws", **more)  # type: ignore[arg-type]


DB = cloud("db", "postgres", data=True, sensitive=("password",),
           outputs={"host": "${module.address}", "password": "${secret.aws:dc1/x}", "url": "postgresql://${secret.aws:dc1/x}@db"})
WEB = Unit("web@dc1", "web", "webservice", "dc1", "ansible", hosts=HOSTS,
           inputs={"service_env": {"DATABASE": "${db@aws.host}", "PIN": "${secret.pin}"}})
CONF = FileDiff("/etc/web/nginx.conf",
                "worker_processes 1;\nworker_connections  1024;\nend\n", "worker_processes 1;\nworker_connections  4096;\nend\n")
ENV = FileDiff("/etc/web/env", "(secret, 12ab34cd56ef)", "(secret, 99ff34cd56ef)")
TASKS = ("write /etc/web/nginx.conf", "write /etc/web/env", "restart web.service")


def web_changes() -> tuple[Change, ...]:
    """The same on all hosts, but for the reason on the last one."""
    return tuple(Change("web@dc1", host.name, "configure", files=(CONF, ENV), tasks=TASKS, reason="drift" if host.name == "web-12" else "")
                 for host in HOSTS)


STEPS = (
    Step("network@aws", "deliver", cloud("network", "network"), (), "terraform:aws:0"),
    Step("bucket@aws", "deliver", cloud("bucket", "bucket", data=True), (), "terraform:aws:0", (
        Change("bucket@aws", "module.bucket.aws_s3_bucket.this", "create", {}, {"bucket": "shop-files", "tags": {"a": "b c"}}, ("arn",)),
        Change("bucket@aws", "module.bucket.aws_s3_bucket_versioning.this[0]", "create"))),
    Step("db@aws", "deliver", DB, ("network@aws",), "terraform:aws:0", (
        Change("db@aws", "module.db.aws_db_instance.this", "update", {"allocated_storage": 20}, {"allocated_storage": 40}),)),
    Step("cache@aws", "deliver", cloud("cache", "redis", data=True), (), "terraform:aws:0", (
        Change("cache@aws", "module.cache.aws_elasticache_cluster.this", "replace", {"engine": "6", "node": {"type": "a", "count": 1}},
               {"engine": "7", "node": {"type": "b", "count": 1}}, ("address",), "engine forces it"),)),
    Step("web@dc1", "deliver", WEB, ("db@aws", "network@aws"), "web@dc1", web_changes()),
    Step("door@dc1", "deliver", Unit("door@dc1", "door", "gateway", "dc1", "ansible", host_source=HostSource("fleet@aws")), ("web@dc1",), "door@dc1",
         unpreviewed="waits for web@dc1"),
    Step("bad@aws", "deliver", cloud("bad", "table"), (), "terraform:aws:0"),
    Step("remove old@dc1", "remove", Unit("old@dc1", "old", "worker", "dc1", "ansible", hosts=HOSTS[:2]), ("web@dc1",), "remove old@dc1",
         (Change("old@dc1", "web-01", "remove"), Change("old@dc1", "web-02", "remove"))),
)
PLAN = Plan("4f2a", "shop", "prod", "2.5.0", STEPS, "9b1d" * 16, "77aa" * 16, created=START, notes=("[sandbox] the simulated cloud is empty",),
            failures=(("bad@aws", "Error: Invalid value for variable\n\n  line 3: must be at least 1"),))
QUIET = Plan("4f2b", "shop", "prod", "2.5.0", (Step("network@aws", "deliver", cloud("network", "network")),))

RUN = Run(483, "4f2a", "shop", "prod", "2.5.0", "failed", 2, "maya", "CHG0041873", START, END, 9)
BIND = "TASK restart nginx: exit code 1\nnginx: [emerg] bind() to 0.0.0.0:443 failed (98: Address already in use)"
ROWS = {row.name: row for row in (
    StepRow("network@aws", "done", 1, START, START),
    StepRow("bucket@aws", "done", 1, START, START, changed=True),
    StepRow("db@aws", "done", 1, START, "2026-10-01T20:07:11.123Z", changed=True, outputs={"host": "db.example", "url": "x"}),
    StepRow("cache@aws", "done", 1, START, START, changed=True),
    StepRow("web@dc1", "failed", 2, START, END, "web-03, web-07 and 1 more failed", True, hosts=HOSTS,
            failed_hosts={"web-08": BIND, "web-07": BIND, "web-03": "no answer from 192.0.2.3:22"}),
    StepRow("bad@aws", "failed", 1, START, START, "Error: Invalid value for variable\n\n  line 3: must be at least 1"),
    StepRow("door@dc1", "skipped", 0, message="waits for web@dc1"),
    StepRow("remove old@dc1", "skipped", 0, message="waits for web@dc1"),
)}
DELIVERED = {"db@aws": Delivered(DB, "delivered", {"host": "db.example", "port": 5432, "password": "${secret.aws:dc1/x}", "url": "a${secret.x}b"})}

EVENTS = (
    Event("run-started", data={"run": 483, "plan": "4f2a", "attempt": 1, "done": ["network@aws"]}, time=START),
    Event("step-started", "bucket@aws", data={"hosts": 0}, time=START),
    Event("resource", "bucket@aws", "aws_s3_bucket.this: creating", data={
        "address": "module.bucket.aws_s3_bucket.this", "action": "create", "phase": "start", "seconds": 0}, time=START),
    Event("resource", "bucket@aws", "aws_s3_bucket.this: created after 3 s", data={
        "address": "module.bucket.aws_s3_bucket.this", "action": "create", "phase": "complete", "seconds": 3}, time=START),
    Event("command", "bucket@aws", "terraform apply plan", time=START),
    Event("step-ended", "bucket@aws", data={"state": "done", "changed": True}, time=START),
    Event("step-started", "web@dc1", data={"hosts": 12}, time=START),
    Event("host", "web@dc1", "", "web-01", {"state": "ready"}, START),
    Event("task", "web@dc1", "restart nginx: exit code 1\nbind() failed", "web-07", {"state": "failed", "task": "restart nginx", "rc": 1}, START),
    Event("host", "web@dc1", "", "web-01", {"state": "done"}, START),
    Event("diagnostic", "bad@aws", "Invalid value\nmust be at least 1", data={"severity": "error"}, time=START),
    Event("step-ended", "bad@aws", "Invalid value", data={"state": "failed"}, time=START),
    Event("step-ended", "door@dc1", "waits for web@dc1", data={"state": "skipped", "need": "web@dc1"}, time=START),
    Event("note", message='stopping: "running" steps end', time=START),
    Event("run-ended", message="failed", data={"run": 483, "exit": 9}, time=END),
)
