"""The text that our modules write: nginx, systemd, supervisord, environment files, PostgreSQL's rules and verifiers, masks."""

import base64
import configparser
import glob
import os
import shlex
import subprocess
from pathlib import Path

import pytest

import tests.unit.playbooks  # noqa: F401  isort: skip
from ansible.module_utils.provision import accounts, blocks, context, envfile, files, masks, nginx, routing, rules, scram, unitfiles
from ansible.module_utils.provision.context import Context
from ansible.module_utils.provision.failures import Failed, in_words
from ansible.module_utils.provision.managing import Program
from ansible.module_utils.provision.supervisor import Supervisor, start_script

HEADER = "# header"


def route(**values: object) -> routing.Route:
    return routing.routes([{"backends": ["10.0.0.1"], "port": 8080, **values}], "")[0]


def conf(*items: dict[str, object], domain: str = "", health: str = "/healthz") -> str:
    return nginx.text("shop_door", HEADER, routing.routes(list(items), domain), nginx.Listening(("80",), health))[0]


# ------------------------------------------------------------------ nginx
@pytest.mark.parametrize(("backends", "servers"), [
    (["10.0.0.1", "10.0.0.2"], ("10.0.0.1:8080", "10.0.0.2:8080")),
    (["10.0.0.1:9000"], ("10.0.0.1:9000",)),
    (["fd00::1"], ("[fd00::1]:8080",)),
    (["[fd00::1]:81"], ("[fd00::1]:81",)),
    ("api.internal", ("api.internal:8080",)),
    ("http://api.internal:81/v1/", ("api.internal:81",)),
    ("https://api.example", ("api.example:443",)),
    ("http://api.example", ("api.example:80",)),
])
def test_backends(backends: object, servers: tuple[str, ...]) -> None:
    assert route(backends=backends).servers == servers


def test_a_url_keeps_its_own_host_and_path() -> None:
    found = route(backends="https://user@api.example/v1/")
    assert (found.scheme, found.base, found.named) == ("https", "/v1", "api.example")
    text = conf({"backends": "https://api.example/v1", "path": "/x"})
    assert "proxy_ssl_server_name on;" in text
    assert "proxy_set_header Host api.example;" in text
    assert "proxy_pass https://shop_door_0/v1/x/;" in text


@pytest.mark.parametrize("items", [
    [{"backends": []}], [{"backends": "ftp://x"}], [{"backends": ["a b"]}], [{"backends": ["x;}"]}], [{"backends": ["x"], "path": "/a;b"}],
    [{"backends": ["x"], "host": "a{b"}], [{"backends": ["x"], "path": "/healthz"}],
    [{"backends": ["x"], "path": "/a"}, {"backends": ["y"], "path": "/a/"}],
])
def test_refused_routes(items: list[dict[str, object]]) -> None:
    with pytest.raises(Failed):
        conf(*items)


def test_a_prefix_is_the_path_itself_and_what_lies_below() -> None:
    text = conf({"backends": ["a"], "path": "/api"}, {"backends": ["b"], "path": "/"})
    assert "location = /api {" in text
    assert "location /api/ {" in text
    assert "location / {" in text


def test_rewrite_cuts_the_prefix() -> None:
    kept, cut = conf({"backends": ["a"], "path": "/api"}), conf({"backends": ["a"], "path": "/api", "rewrite": True})
    assert "proxy_pass http://shop_door_0;" in kept
    assert "proxy_pass http://shop_door_0/;" in cut


def test_one_server_for_each_host_and_every_host_without_one() -> None:
    text = conf({"backends": ["a"], "host": "a.example"}, {"backends": ["b"]}, {"backends": ["c"], "host": "a.example", "path": "/c"})
    assert text.count("server_name") == 2
    assert "server_name a.example;" in text
    assert 'server_name "" "~.";' in text
    assert "default_server" not in text


def test_the_stamp_changes_with_the_text_only() -> None:
    def stamp(*items: dict[str, object]) -> str:
        return nginx.text("t", HEADER, routing.routes(list(items), ""), nginx.Listening(("80",)))[1]

    assert stamp({"backends": ["a"]}) == stamp({"backends": ["a"]}) != stamp({"backends": ["b"]})


def test_nginx_itself_takes_the_text(tmp_path: Path) -> None:
    """The only judge of nginx's grammar is nginx."""
    home = tmp_path / "nginx"
    (home / "conf.d").mkdir(parents=True)
    (home / "temp").mkdir()
    text = nginx.text("t", HEADER, routing.routes([
        {"backends": ["127.0.0.1"], "host": "a.example", "port": 81}, {"backends": "http://127.0.0.1:82/b/", "path": "/b", "rewrite": True},
        {"backends": ["127.0.0.1:83", "[::1]:84"], "path": "/c/d"}, {"backends": ["https://127.0.0.1:444"], "path": "/e"},
    ], ""), nginx.Listening(("127.0.0.1:18099",), "/up"))[0]
    (home / "conf.d" / "a.conf").write_text(text)
    (home / "nginx.conf").write_text(nginx.main_text(str(home), False))
    done = subprocess.run(["nginx", "-t", "-q", "-p", home, "-e", home / "error.log", "-c", home / "nginx.conf"], capture_output=True, text=True,
                          env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, check=False)
    assert done.returncode == 0, done.stderr


# ------------------------------------------------------------------ units
@pytest.mark.parametrize(("text", "word"), [
    ("plain", "plain"), ("", '""'), ("a b", '"a b"'), ("50%", "50%%"), ("$HOME", "$$HOME"), ('say "x"', r'"say \"x\""'), ("a\\b", r'"a\\b"'),
    ("two\nlines", r'"two\nlines"'), (";", '";"'),
])
def test_words_of_systemd(text: str, word: str) -> None:
    assert unitfiles.word(text) == word


def program(**values: object) -> Program:
    return Program(**{"name": "api", "command": ("/opt/api/current/bin/api", "a b"), "folder": "/opt/api/current", "header": HEADER,  # type: ignore[arg-type]
                      "env_file": "/etc/api/env", **values})


def test_a_unit() -> None:
    text = unitfiles.unit_text(program(user="api", environ={"STATE_DIRECTORY": "/var/lib/api"}, low_port=True, description="50%"))
    assert 'ExecStart=/opt/api/current/bin/api "a b"\n' in text
    assert "User=api\nGroup=api\n" in text
    assert "AmbientCapabilities=CAP_NET_BIND_SERVICE\n" in text
    assert "Description=50%%\n" in text
    assert "User=" not in unitfiles.unit_text(program())
    # what it waits for may come back later than it
    assert "\nStartLimitIntervalSec=0\n" in text.partition("[Service]")[0] and "\nRestart=on-failure\n" in text
    assert "\nExecStop=-/bin/drain now\n" in unitfiles.unit_text(program(before_stop=("/bin/drain", "now")))


def test_a_supervised_program(tmp_path: Path) -> None:
    manager = Supervisor(Context("shop", root=str(tmp_path / "50%")))
    script, section = manager.unit_files(program())
    parser = configparser.RawConfigParser()
    parser.read_string(section.data.decode())
    assert shlex.split(parser["program:api"]["command"].replace("%%", "%")) == [script.path]
    assert parser["program:api"]["directory"] == "/opt/api/current"


def test_supervisord_finds_its_programs_whatever_the_folder_is_called(tmp_path: Path) -> None:
    for name in ("my shop, [v2]", "my-shop, [v2]", "my shop, v"):
        manager = Supervisor(Context("shop", root=str(tmp_path / name)))
        os.makedirs(f"{manager.home}/conf.d")
        Path(f"{manager.home}/conf.d/api.conf").touch()
    manager = Supervisor(Context("shop", root=str(tmp_path / "my shop, [v2]")))
    manager.configure()
    parser = configparser.RawConfigParser()
    parser.read(manager.config)
    (pattern,) = parser["include"]["files"].replace("%%", "%").split()
    assert glob.glob(pattern) == [f"{manager.home}/conf.d/api.conf"]


def test_a_socket_that_would_be_too_long_lies_elsewhere(tmp_path: Path) -> None:
    assert len(Supervisor(Context("shop", root=str(tmp_path / ("x" * 100)))).socket) < 108


def test_the_start_script_hands_everything_on(tmp_path: Path) -> None:
    env = {"A": 'q"uo\'te', "B": "$HOME `x` \\ %", "C": "two\nlines", "D": True, "E": 7, "F": None}
    (tmp_path / "env").write_bytes(envfile.text(env, HEADER))
    script = start_script(program(command=("/bin/sh", "-c", 'printf "%s|" "$A" "$B" "$C" "$D" "$E" "$F" "$G" "$1"', "x", "a 'b' $c"),
                                  env_file=str(tmp_path / "env"), environ={"G": "it's"}))
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "q\"uo'te|$HOME `x` \\ %|two\nlines|true|7||it's|a 'b' $c|"


# ------------------------------------------------------------------ environment
@pytest.mark.parametrize("env", [{"a-b": "x"}, {"": "x"}, {"1A": "x"}, {"A": "\0"}])
def test_what_no_environment_can_hold(env: dict[str, str]) -> None:
    with pytest.raises(Failed):
        envfile.text(env, HEADER)


def test_a_list_of_variables_is_a_map() -> None:
    assert envfile.normal([{"name": "A", "value": 1}, {"name": "B"}]) == {"A": 1, "B": None} == envfile.normal({"A": 1, "B": None})


# ------------------------------------------------------------------ masks
KEY = b"k" * 32


def test_secrets_are_words_that_tell_change_from_no_change() -> None:
    assert masks.secret_word(b"one", KEY) == masks.secret_word(b"one", KEY) != masks.secret_word(b"two", KEY)
    assert "one" not in masks.secret_word(b"one", KEY)
    assert masks.secret_word(b"one", None) == "(secret, new)"


def test_contents_as_they_are_shown() -> None:
    assert masks.shown(None) is None
    assert masks.shown(b"text\n") == "text\n"
    assert masks.shown(b"\xff\xfe") == masks.shown(b"\xff\xfe")
    assert (masks.shown(b"a\0b") or "").startswith("(3 bytes, sha256 ")
    assert masks.of_wish(files.Wish("/x", b"new", secret=True), b"old", KEY) == (masks.secret_word(b"old", KEY), masks.secret_word(b"new", KEY))
    assert masks.of_wish(files.Wish("/x", b"", unknown=True), b"old", KEY) == ("old", masks.UNKNOWN)
    assert masks.of_wish(files.Wish("/x", b"", unknown=True, secret=True), None, KEY) == (None, masks.UNKNOWN)


def test_only_plain_variables_are_shown() -> None:
    data = b'# header\nA="one"\nPIN="canary"\nLONG="canary\ncanary second line"\n'
    shown = masks.lines(data, {"A"}.__contains__, KEY) or ""
    assert shown.startswith('# header\nA="one"\nPIN=(secret, ')
    assert "canary" not in shown
    assert masks.lines(None, bool, KEY) is None


# ------------------------------------------------------------------ PostgreSQL
STORED = "SCRAM-SHA-256$4096:IZEM6b9sRVWuxZhj3eCtoA==$4qbZHyPecQwKQnKsX1KJiykETbQZy+ZZTUggmizyhGM=:iSqxoCUaHWb+DaKmbK6bPrDktjpUVTyhXq7ZeO7vLgk="
"""Made by PostgreSQL 15 for the password `secret`."""


def test_a_verifier_as_postgresql_makes_it() -> None:
    assert scram.verifier("secret", base64.b64decode("IZEM6b9sRVWuxZhj3eCtoA==")) == STORED
    assert scram.matches("secret", STORED)
    assert not scram.matches("Secret", STORED)
    assert scram.fresh("secret") != scram.fresh("secret")


@pytest.mark.parametrize("stored", ["", "md5abc", "SCRAM-SHA-256$x:y$z", "SCRAM-SHA-256$4096:!!!$a:b"])
def test_other_entries_match_nothing(stored: str) -> None:
    assert not scram.matches("secret", stored)


def test_a_block_is_put_first_once_and_taken_out() -> None:
    text = "local all all peer\n"
    once = blocks.with_block(text, "shop.db", "host a\n", first=True)
    assert once == "# BEGIN provision shop.db\nhost a\n# END provision shop.db\nlocal all all peer\n"
    assert blocks.with_block(once, "shop.db", "host a\n", first=True) == once
    both = blocks.with_block(once, "shop.other", "host b\n", first=True)
    assert blocks.with_block(blocks.with_block(both, "shop.db", "", first=True), "shop.other", "", first=True) == text


def test_rules_of_access() -> None:
    lines = rules.access("app", "all", ["10.1.2.3/8", "10.0.0.0/8", "fd00::/8"]).splitlines()
    assert lines == ['local   "app"  "all"  scram-sha-256', *(f'host    "app"  "all"  {network}  scram-sha-256' for network in (
        "127.0.0.1/32", "::1/128", "10.0.0.0/8", "fd00::/8"))]
    with pytest.raises(Failed):
        rules.access("app", "app", ["everywhere"])


@pytest.mark.parametrize("name", ["postgres", "pg_x", "template1", "A", "a b", "", "1a", "a;drop"])
def test_names_that_no_database_may_have(name: str) -> None:
    with pytest.raises(Failed):
        rules.sql_name(name)


def test_it_listens_where_it_was_placed() -> None:
    assert "listen_addresses = 'localhost, 127.0.0.1'" in rules.conf(HEADER, "127.0.0.1", "small")
    assert "listen_addresses = '*'" in rules.conf(HEADER, "192.0.2.1", "small")
    assert "listen_addresses = '*'" in rules.conf(HEADER, "db.example", "small")


# ------------------------------------------------------------------ names and words
@pytest.mark.parametrize("name", ["", "A", "a_b", "-a", "a-", "a/b", "..", "a" * 64])
def test_names_that_no_service_may_have(name: str) -> None:
    with pytest.raises(Failed):
        context.check_name(name)


@pytest.mark.parametrize(("service", "account"), [("api", "api"), ("9lives", "s9lives"), ("a" * 40, "a" * 25 + "-")])
def test_account_names(service: str, account: str) -> None:
    assert accounts.account_name(service).startswith(account)
    assert len(accounts.account_name(service)) <= 32


def test_unknown_names() -> None:
    values = {"env": {"A": "x __u__", "B": 1}, "artifact": "s3://__u__/a", "cmd": ["a"], "config": {"f": {"__u__": 1}}}
    assert context.unknown_names(values, "__u__", "service_") == ["service_artifact", "service_config.f", "service_env.A"]
    assert context.unknown_names(values, "", "service_") == []


@pytest.mark.parametrize(("number", "word"), [(28, "no space left"), (13, "become: true"), (30, "read-only"), (2, "No such file")])
def test_errors_in_words(number: int, word: str, tmp_path: Path) -> None:
    assert word in in_words(OSError(number, os.strerror(number), str(tmp_path / "x")))
