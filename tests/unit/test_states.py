"""What `import --state` finds in a Terraform state, and what of nginx's configuration a unit on a host takes over. No tool is started."""

import json
from pathlib import Path

import pytest

from provisioner.engines.terraform import states
from provisioner.engines.terraform.states import Held
from provisioner.errors import ProvisionError

import tests.unit.playbooks  # noqa: F401  isort: skip
from ansible.module_utils.provision.rivals import rivals


def held(address: str, **attributes: str) -> Held:
    return Held(address, address.partition("[")[0].split(".")[-2], attributes)


BUCKET = held("module.storage.aws_s3_bucket.main", id="old-files")
MODULE = ["aws_s3_bucket.this", "aws_s3_bucket_versioning.this"]


def test_a_state_is_read_with_modules_and_keys(tmp_path: Path) -> None:
    file = tmp_path / "state"
    file.write_text(json.dumps({"version": 4, "resources": [
        {"mode": "data", "type": "aws_ami", "name": "x", "instances": [{}]},
        {"mode": "managed", "type": "aws_instance", "name": "web", "module": "module.a", "instances": [
            {"index_key": "b", "attributes": {"id": "i-1"}}, {"index_key": 0, "attributes": {"id": "i-2"}}]},
        {"mode": "managed", "type": "aws_vpc", "name": "one", "instances": [{"attributes": {"id": "vpc-1"}}]}]}))
    assert [(one.address, one.id) for one in states.read(file)] == [
        ('module.a.aws_instance.web["b"]', "i-1"), ("module.a.aws_instance.web[0]", "i-2"), ("aws_vpc.one", "vpc-1")]


@pytest.mark.parametrize("text", ["", "[]", '{"version": 3, "resources": []}', '{"version": 4}', '{"version": 4, "resources": [1]}'])
def test_what_is_no_state_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "state"
    file.write_text(text)
    for path in (file, tmp_path / "nothing"):
        with pytest.raises(ProvisionError) as caught:
            states.read(path)
        assert caught.value.code == "PRV-6425"


def test_resources_are_found_by_their_address_or_as_the_only_ones_of_their_type() -> None:
    assert states.pairs([BUCKET], MODULE, []) == [("aws_s3_bucket.this", "old-files")]
    same = held("aws_s3_bucket.this", id="same")
    assert states.pairs([BUCKET, same], MODULE, []) == [("aws_s3_bucket.this", "same")]
    assert states.pairs([BUCKET], MODULE, [("aws_s3_bucket.this", BUCKET.address)]) == [("aws_s3_bucket.this", "old-files")]
    assert states.pairs([held("aws_instance.x[0]", id="i")], ["aws_instance.this"], []) == [("aws_instance.this[0]", "i")]


@pytest.mark.parametrize(("there", "named", "says"), [
    ([BUCKET, held("aws_s3_bucket.other", id="b")], [], "could be each of"),
    ([held("aws_vpc.one", id="v")], [], "nothing in the state fits"),
    ([BUCKET], [("aws_s3_bucket.this", "aws_s3_bucket.main")], "no resource"),
    ([held("aws_s3_bucket.this")], [], "tells no id"),
])
def test_what_is_not_clear_is_asked(there: list[Held], named: list[tuple[str, str]], says: str) -> None:
    with pytest.raises(ProvisionError) as caught:
        states.pairs(there, MODULE, named)
    assert caught.value.code == "PRV-6425" and says in caught.value.message


@pytest.mark.parametrize(("one", "identifier"), [
    (held("aws_iam_role_policy_attachment.x", id="x-1", role="r", policy_arn="arn:p"), "r/arn:p"),
    (held("aws_ecs_service.x", id="arn:s", cluster="arn:aws:ecs:eu-central-1:1:cluster/main", name="web"), "main/web"),
    (held("aws_route_table_association.x", id="rtbassoc-1", subnet_id="s", route_table_id="r"), "s/r"),
])
def test_some_types_are_imported_by_more_than_their_id(one: Held, identifier: str) -> None:
    assert one.id == identifier


# ------------------------------------------------------------------ nginx
PRINTED = """# configuration file /etc/nginx/nginx.conf:
http { include /etc/nginx/conf.d/*.conf; # server { listen 80; }
}
# configuration file /etc/nginx/conf.d/door.conf:
server {
    listen 80; listen [::]:80;
    location / { return 200 "a } server { listen 81; }"; }
}
# configuration file /etc/nginx/conf.d/mixed.conf:
server { server_name old.example; if ($host) { return 301 https://x; } }
server { listen 443 ssl; server_name pay.example; }
# configuration file /etc/nginx/conf.d/provision-shop-door@dc.conf:
server { listen 80; server_name _; }
# configuration file /etc/nginx/sites-enabled/default:
server { listen 80 default_server; server_name local.example; }
server { listen 127.0.0.1:8080; }
"""


@pytest.mark.parametrize(("claims", "paths"), [
    (["80 "], {"door.conf": False, "default": True}),
    (["80 old.example"], {"mixed.conf": True}),
    (["80 old.example", "443 pay.example"], {"mixed.conf": False}),
    (["8080 "], {}), (["81 "], {}), ([], {}),
])
def test_files_of_others_that_answer_for_the_same(claims: list[str], paths: dict[str, bool]) -> None:
    assert {one.path.rpartition("/")[2]: one.has_more(claims) for one in rivals(PRINTED, claims)} == paths
