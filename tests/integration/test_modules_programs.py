"""Modules of programs (ECS), doors (load balancer), names, certificates, secrets and sites against the simulated AWS: made, nothing to do,
changed, gone. One root, about five minutes: a load balancer takes 60 s in the provider.
"""

import base64
import datetime
import json
import re
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from provisioner.sandbox import simulator
from tests.integration.changes_world import judge
from tests.integration.modules_world import Root

SECRET = "4711-canary"
FIRST = "docker.io/library/nginx:1.27"
LOGIN = json.dumps({"auths": {"https://index.docker.io/v1/": {"auth": base64.b64encode(b"shop:a:b").decode()}}})
SECRET_LOGIN = '{"auths": {"docker.io": {"auth": "bm9ib2R5"}, "docker.io/library": {"auth": "${base64encode("shop:${var.pin}")}"}}}'
ZONE = "${aws_route53_zone.this.zone_id}"


def blocks(files: dict[str, str], given: tuple[str, str]) -> dict[str, dict[str, Any]]:
    """Module blocks by name; `files` are those of the site, `given` a certificate and its key (PEM)."""
    network = {"vpc_id": "${module.net.id}", "subnet_ids": "${module.net.private_subnet_ids}"}
    return {
        "net": {"module": "network", "name": "sg-shop-test-net", "nat": True},
        "pin": {"module": "secret", "value": "${var.pin}"},
        "keys": {"module": "secret", "values": {"first": "${var.pin}", "second": "two"}, "recovery_days": 7},
        "tls": {"module": "certificate", "domain": "pay.example", "alternative_names": ["*.pay.example", "www.pay.example"], "zone": ZONE},
        "old": {"module": "certificate", "domain": "old.example", "given": True, "certificate": given[0], "private_key": given[1]},
        "name": {"module": "dns-record", "record": "pay.example", "values": ["${module.door.host}"], "default_zone": ZONE},
        "texts": {"module": "dns-record", "record": "_v.pay.example", "type": "TXT", "values": ["v" * 300, "short"], "zone": ZONE, "ttl": 60},
        "site": {"module": "static-site", "files": files, "error_page": "404.html"},
        "door": {"module": "load-balancer", "domain": "pay.example", "port": 443, "redirect_from": 80, "certificate": "${module.tls.arn}",
                 "vpc_id": "${module.net.id}", "subnet_ids": "${module.net.public_subnet_ids}", "routes": [
                     {"path": "/", "port": 80, "backends": [{"to": [], "probe": {"httpGet": {"path": "/healthz", "port": 8081}}}]},
                     {"path": "/machines", "backends": [{"to": "${module.fleet.private_addresses}"}], "port": 8080},
                     {"path": "/parts", "backends": [{"to": ["10.0.128.12"], "weight": 90}, {"to": ["10.0.128.13"], "weight": 10}], "port": 8080},
                     {"host": "admin.pay.example", "path": "/", "backends": [{"to": "${module.fleet.private_addresses[0]}"}], "port": 9000}]},
        "inner": {"module": "load-balancer", "name": "internal-shop-test-inner", "public": False, "port": 8080,
                  "routes": [{"path": "/", "backends": [{"to": "172.31.0.10"}]}],
                  "depends_on": ["module.net"]},
        "api": {"module": "service", "image": FIRST, "replicas": 2, "cpu": "500m", "memory": "1500Mi", "env": {"MODE": "live", "COUNT": 3},
                "secret_env": {"PIN": "${var.pin}", "URL": "postgresql://app:${var.pin}@${module.fleet.address}:5432/app"},
                "secret_image_login": {"auth": SECRET_LOGIN},
                "ports": [{"port": 80, "expose": True}],
                "mounts": {"pvc": [{"name": "uploads", "mountPath": "/data", "claimName": "uploads"}],
                           "emptyDir": [{"name": "tmp", "mountPath": "/tmp"}]},
                "readiness": {"httpGet": {"path": "/healthz", "port": 80}, "initialDelaySeconds": 5},
                "liveness": {"exec": {"command": ["true"]}, "periodSeconds": 20}, "labels": {"team": "pay"},
                "attachments": ["${module.door.attachments[0][0]}"], **network},
        "mail": {"module": "service", "image": FIRST, "command": ["bin/mail"], "arguments": ["--loop"], "env": {"A": "b"},
                 "depends_on": ["module.net"]},
        "crowd": {"module": "vm-group", "scaling": {"min": 2, "max": 4}, "subnet_ids": "${module.net.private_subnet_ids}",
                  "security_group_ids": ["${module.net.security_group_id}"], "user_data": "#!/bin/sh\n"},
        "fleet": {"module": "vm", "instances": 2, "private_ips": ["10.0.128.11", "10.0.144.11"], "subnet_ids": "${module.net.private_subnet_ids}"},
        "migrate": {"module": "task", "image": FIRST, "command": ["bin/migrate"], "restart": "OnFailure", **network},
        "report": {"module": "task", "image": FIRST, "schedule": "*/15 2 * * 1-5", "time_zone": "Europe/Zurich", "copies": 2,
                   "secret_env": {"PIN": "${var.pin}"}, "cluster": "given", "image_login": {"auth": LOGIN}, **network},
    }


def more() -> dict[str, Any]:
    """What the root has besides modules: a hosted zone and a cluster that the environment would give, and a secret."""
    return {"resource": {"aws_route53_zone": {"this": {"name": "pay.example"}}, "aws_ecs_cluster": {"given": {"name": "given"}}},
            "variable": {"pin": {"type": "string", "sensitive": True, "default": SECRET}}}


def site(folder: Path) -> dict[str, str]:
    """A small site in a folder: name to path."""
    contents = {"index.html": "<h1>Hello</h1>", "404.html": "nothing", "css/site.css": "h1 { color: red }", "data": "bytes"}
    for name, text in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return {name: str(folder / name) for name in contents}


def certificate() -> tuple[str, str]:
    """A certificate that signs itself, and its key (PEM)."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "old.example")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(x509.random_serial_number())
    made = made.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=30))
    pem = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return pem.decode(), secret.decode()


class World:
    """The root that was made, and what it was made of."""

    def __init__(self, root: Root, files: dict[str, str], given: tuple[str, str]) -> None:
        self.root, self.files, self.given = root, files, given

    def blocks(self) -> dict[str, dict[str, Any]]:
        return blocks(self.files, self.given)

    def write(self, changed: dict[str, dict[str, Any]]) -> None:
        self.root.write(changed, **more())

    def definition(self, name: str) -> dict[str, Any]:
        """The newest task definition of a block."""
        found: dict[str, Any] = self.root.client("ecs").describe_task_definition(taskDefinition=f"shop-test-{name}")["taskDefinition"]
        return found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, running: simulator.Simulator) -> World:
    root = Root(tmp_path_factory.mktemp("programs"), running)
    found = World(root, site(tmp_path_factory.mktemp("site")), certificate())
    found.write(found.blocks())
    root.run("init")
    root.run("apply", "-no-color", "-auto-approve")
    return found


def test_second_plan_is_empty(world: World) -> None:
    assert world.root.plan() == {}


def test_what_is_made_anew_by_a_change_is_what_its_definition_says(world: World, tmp_path: Path) -> None:
    judge("test_modules_programs", world.root, world.blocks(), world.write, tmp_path)


def test_secrets_of_the_environment_are_in_no_task_definition(world: World) -> None:
    for name in ("api", "report"):
        definition = world.definition(name)
        assert SECRET not in json.dumps(definition, default=str)
        container = definition["containerDefinitions"][0]
        arn, key = container["secrets"][0]["valueFrom"].rsplit(":", 3)[:2]
        values = json.loads(world.root.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
        assert key == "PIN" and values["PIN"] == SECRET
    assert world.definition("api")["containerDefinitions"][0]["environment"] == [{"name": "COUNT", "value": "3"}, {"name": "MODE", "value": "live"}]


def test_an_image_is_pulled_with_the_login_of_its_registry(world: World) -> None:
    """The entry of the auth.json that fits the image best, as ECS wants it; the role that starts the task may read it."""
    secrets, iam = world.root.client("secretsmanager"), world.root.client("iam")
    for name, password in (("api", SECRET), ("report", "a:b")):
        definition = world.definition(name)
        arn = definition["containerDefinitions"][0]["repositoryCredentials"]["credentialsParameter"]
        assert json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"]) == {"username": "shop", "password": password}
        policy = iam.get_role_policy(RoleName=definition["executionRoleArn"].rpartition("/")[2], PolicyName="start")["PolicyDocument"]
        assert {"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"], "Resource": [arn]} in policy["Statement"]
    assert "repositoryCredentials" not in world.definition("mail")["containerDefinitions"][0]


def test_a_program_gets_what_it_asked_for(world: World) -> None:
    definition = world.definition("api")
    container = definition["containerDefinitions"][0]
    assert (definition["cpu"], definition["memory"]) == ("512", "2048")
    assert container["healthCheck"]["command"] == ["CMD", "true"] and container["logConfiguration"]["logDriver"] == "awslogs"
    assert {volume["name"]: "efsVolumeConfiguration" in volume for volume in definition["volumes"]} == {"uploads": True, "tmp": False}
    service = world.root.client("ecs").describe_services(cluster="shop-test-api", services=["shop-test-api"])["services"][0]
    assert service["runningCount"] == 2 and service["loadBalancers"][0]["containerPort"] == 80
    mail = world.definition("mail")["containerDefinitions"][0]
    assert (mail["entryPoint"], mail["command"]) == (["bin/mail"], ["--loop"])
    assert "restartPolicy" not in world.definition("migrate")["containerDefinitions"][0], "who waits for it starts it again"


def test_nobody_reaches_it_but_through_its_load_balancer_and_from_private_networks(world: World) -> None:
    ec2 = world.root.client("ec2")
    groups = {group["GroupName"].rsplit("-", 1)[0]: group["IpPermissions"] for group in ec2.describe_security_groups()["SecurityGroups"]}
    assert groups["shop-test-mail"] == [] and groups["shop-test-migrate"] == []
    rule, asked = sorted(groups["shop-test-api"], key=lambda each: int(each["FromPort"]))
    assert asked["FromPort"] == 8081 and len(asked["UserIdGroupPairs"]) == 1 and not asked["IpRanges"], "where its probe says that it is ready"
    assert rule["FromPort"] == 80 and {each["CidrIp"] for each in rule["IpRanges"]} == {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"}
    assert len(rule["UserIdGroupPairs"]) == 1


def test_schedules_are_those_of_cron(world: World) -> None:
    scheduler = world.root.client("scheduler")
    (name,) = (one["Name"] for one in scheduler.list_schedules()["Schedules"])
    report = scheduler.get_schedule(Name=name)
    assert report["ScheduleExpression"] == "cron(*/15 2 ? * MON-FRI *)" and report["ScheduleExpressionTimezone"] == "Europe/Zurich"
    assert report["Target"]["EcsParameters"]["TaskCount"] == 2 and report["Target"]["Arn"].endswith(":cluster/given")


def test_a_task_has_run_to_its_end(world: World) -> None:
    ecs = world.root.client("ecs")
    (task,) = ecs.describe_tasks(cluster="shop-test-migrate", tasks=ecs.list_tasks(
        cluster="shop-test-migrate", family="shop-test-migrate", desiredStatus="STOPPED")["taskArns"])["tasks"]
    assert task["containers"][0]["exitCode"] == 0


def test_names_are_such_as_aws_takes_them(world: World) -> None:
    """Its own beginnings are taken off ("internal-", "sg-"), and tags hold no asterisk."""
    client = world.root.client("elbv2")
    assert {each["LoadBalancerName"] for each in client.describe_load_balancers()["LoadBalancers"]} == {"shop-test-door", "shop-test-inner"}
    groups = [each["TargetGroupArn"] for each in client.describe_target_groups()["TargetGroups"]]
    names = [tag["Value"] for each in client.describe_tags(ResourceArns=groups)["TagDescriptions"] for tag in each["Tags"] if tag["Key"] == "Name"]
    assert "internal-shop-test-inner / 0" in names and [name for name in names if re.search(r"[^\w .:/=+@-]", name)] == []


def test_the_load_balancer_knows_hosts_paths_and_parts(world: World) -> None:
    client, found = world.root.client("elbv2"), world.root.outputs()
    balancer = next(each for each in client.describe_load_balancers()["LoadBalancers"] if each["LoadBalancerName"] == "shop-test-door")
    listeners = {each["Port"]: each for each in client.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]}
    assert listeners[443]["Protocol"] == "HTTPS" and listeners[443]["Certificates"][0]["CertificateArn"] == found["tls"]["arn"]
    assert listeners[80]["DefaultActions"][0]["RedirectConfig"]["Protocol"] == "HTTPS"
    rules = [each for each in client.describe_rules(ListenerArn=listeners[443]["ListenerArn"])["Rules"] if each["Priority"] != "default"]
    paths = [min(condition["PathPatternConfig"]["Values"], key=len) for each in sorted(rules, key=lambda each: int(each["Priority"]))
             for condition in each["Conditions"] if condition["Field"] == "path-pattern"]
    assert paths == ["/healthz", "/machines", "/parts", "/*", "/*"]
    groups = [each["Actions"][0].get("ForwardConfig", {}).get("TargetGroups", []) for each in rules]
    weights = [sorted(group["Weight"] for group in several) for several in groups if len(several) > 1]  # the API promises no order
    assert weights == [[10, 90]]
    checked = [(each["HealthCheckPath"], each["HealthCheckPort"]) for each in client.describe_target_groups(
        LoadBalancerArn=balancer["LoadBalancerArn"])["TargetGroups"] if each["HealthCheckPath"] == "/healthz"]
    assert checked == [("/healthz", "8081")]
    assert found["door"]["url"] == "https://pay.example" and found["inner"]["url"].endswith(":8080")


def test_names_certificates_and_secrets(world: World) -> None:
    found, zone = world.root.outputs(), world.root.client("route53").list_hosted_zones()["HostedZones"]
    records = {each["Name"]: each for each in world.root.client("route53").list_resource_record_sets(
        HostedZoneId=next(each["Id"] for each in zone if each["Name"] == "pay.example."))["ResourceRecordSets"] if each["Type"] in ("A", "TXT")}
    assert records["pay.example."]["AliasTarget"]["DNSName"].rstrip(".") == found["door"]["host"]
    assert records["_v.pay.example."]["ResourceRecords"][0]["Value"] == f'"{"v" * 255}""{"v" * 45}"'
    acm = world.root.client("acm")
    assert acm.describe_certificate(CertificateArn=found["tls"]["arn"])["Certificate"]["Status"] == "ISSUED"
    assert acm.describe_certificate(CertificateArn=found["old"]["arn"])["Certificate"]["Type"] == "IMPORTED"
    secrets = world.root.client("secretsmanager")
    assert secrets.get_secret_value(SecretId=found["pin"]["arn"])["SecretString"] == SECRET
    assert json.loads(secrets.get_secret_value(SecretId=found["keys"]["name"])["SecretString"]) == {"first": SECRET, "second": "two"}


def test_everybody_reads_the_site(world: World, running: simulator.Simulator) -> None:
    bucket = world.root.outputs()["site"]["bucket"]
    for name, kind in (("index.html", "text/html; charset=utf-8"), ("css/site.css", "text/css; charset=utf-8"), ("data", "application/octet-stream")):
        with urlopen(Request(f"{running.endpoint}/{bucket}/{name}"), timeout=120) as answer:
            assert answer.headers["Content-Type"] == kind and answer.read().decode() == Path(world.files[name]).read_text()
    website = world.root.client("s3").get_bucket_website(Bucket=bucket)
    assert website["IndexDocument"] == {"Suffix": "index.html"} and website["ErrorDocument"] == {"Key": "404.html"}


def test_one_change_touches_only_that(world: World) -> None:
    """A change in each module at once. A new revision of a task definition is its replacement, as AWS has it."""
    changed, update, replaced = world.blocks(), ["update"], ["delete", "create"]
    Path(world.files["index.html"]).write_text("<h1>Good day</h1>")
    changed["pin"]["value"] = "another"
    changed["texts"]["ttl"] = 120
    changed["door"]["routes"][1]["backends"] = [{"to": ["10.0.128.11"]}]
    changed["door"]["drain"] = ["10.0.128.13"]
    changed["api"] |= {"replicas": 3, "env": {"MODE": "test", "COUNT": 3}}
    changed["mail"]["replicas"] = 2
    changed["crowd"]["scaling"] = {"min": 2, "max": 8}
    changed["report"]["schedule"] = "@daily"
    changed["migrate"]["command"] = ["bin/migrate", "--more"]
    world.write(changed)
    assert world.root.plan() == {
        "module.pin.aws_secretsmanager_secret_version.this": replaced,
        "module.texts.aws_route53_record.this": update,
        "module.site.aws_s3_object.this[\"index.html\"]": update,
        "module.door.aws_lb_target_group_attachment.this[\"pay.example/machines 0 1\"]": ["delete"],
        "module.door.aws_lb_target_group_attachment.this[\"pay.example/parts 1 0\"]": ["delete"],
        "module.api.module.container.aws_ecs_task_definition.this": replaced,
        "module.api.aws_ecs_service.this": update,
        "module.mail.aws_ecs_service.this": update,
        "module.crowd.aws_autoscaling_group.this": update,
        "module.report.aws_scheduler_schedule.this[0]": update,
        "module.migrate.module.container.aws_ecs_task_definition.this": replaced,
        "module.migrate.terraform_data.run[0]": replaced,
    }
    world.root.run("apply", "-no-color", "plan")
    assert world.root.plan() == {}
    assert world.definition("api")["containerDefinitions"][0]["environment"][1] == {"name": "MODE", "value": "test"}


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("mail", {"cpu": "32"}, "Fargate has no size for that cpu and memory"),
    ("mail", {"volumes": [{"name": "a", "mountPath": "/a", "type": "hostPath"}]}, "volumes of type pvc (EFS) and emptyDir only"),
    ("api", {"secret_image_login": {"auth": '{"auths": {"ghcr.io": {"auth": "YTpi"}}}'}}, "imageLogin has no login to docker.io"),
    ("report", {"schedule": "0 2 1 * 1"}, "not both: write two cron-tasks"),
    ("migrate", {"schedule": "every day"}, "five fields"),
    ("pin", {"values": {"a": "b"}}, "either one value or several values"),
    ("inner", {"redirect_from": 80}, "Only HTTPS can be redirected to"),
    ("door", {"routes": [{"path": "/", "backends": [{"to": "http://old.example"}]}]}, "passes a route on to addresses of the network"),
]


def test_wrong_values_are_named(world: World) -> None:
    wrong = world.blocks()
    for block, change, _ in WRONG:
        wrong[block] |= change
    world.write(wrong)
    said = " ".join(world.root.run("plan", "-no-color", "-refresh=false", good=(1,)).stderr.replace("│", " ").split())
    assert [message for _, _, message in WRONG if message not in said] == []


def test_destroy_leaves_nothing(world: World) -> None:
    world.write(world.blocks())
    world.root.run("apply", "-destroy", "-auto-approve")
    assert left(world.root) == {}


def left(root: Root) -> dict[str, list[Any]]:
    """What the simulated account still holds of us; task definitions stay as inactive ones, also on AWS."""
    ec2, ecs, discovery = root.client("ec2"), root.client("ecs"), root.client("servicediscovery")
    clusters = ecs.describe_clusters(clusters=ecs.list_clusters()["clusterArns"])["clusters"] if ecs.list_clusters()["clusterArns"] else []
    found = {
        "clusters": [cluster["clusterName"] for cluster in clusters if cluster["status"] != "INACTIVE"],
        "definitions": ecs.list_task_definitions(status="ACTIVE")["taskDefinitionArns"],
        "schedules": root.client("scheduler").list_schedules()["Schedules"],
        "names": [*discovery.list_namespaces()["Namespaces"], *discovery.list_services()["Services"]],
        "zones": root.client("route53").list_hosted_zones()["HostedZones"],
        "balancers": root.client("elbv2").describe_load_balancers()["LoadBalancers"],
        "targets": root.client("elbv2").describe_target_groups()["TargetGroups"],
        "certificates": root.client("acm").list_certificates(Includes={"keyTypes": ["RSA_2048", "EC_prime256v1"]})["CertificateSummaryList"],
        "secrets": root.client("secretsmanager").list_secrets()["SecretList"],
        "buckets": root.client("s3").list_buckets()["Buckets"],
        "files": root.client("efs").describe_file_systems()["FileSystems"],
        "roles": root.client("iam").list_roles()["Roles"],
        "logs": root.client("logs").describe_log_groups()["logGroups"],
        "groups": [group["GroupName"] for group in ec2.describe_security_groups()["SecurityGroups"] if group["GroupName"] != "default"],
        "machines": root.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"],
        "templates": ec2.describe_launch_templates()["LaunchTemplates"],
    }
    return {kind: things for kind, things in found.items() if things}
