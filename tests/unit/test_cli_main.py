"""The edge of the command line: help, errors, exit codes, formats. In this process, except where the process itself is the point."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from provisioner.cli import entry, lazy, locating, main, options
from provisioner.cli.crash import redacted, report, write
from provisioner.cli.door import Door
from provisioner.cli.lazy import VERBS, Verbs
from provisioner.errors import Exit, ProvisionError

ALL_VERBS = [name for verbs in VERBS.values() for name in verbs]


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder of its own: a bug would leave its report here."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("PROVISION_")]:
        monkeypatch.delenv(name)


def run(*arguments: str, cwd: Path | None = None, **environ: str) -> "subprocess.CompletedProcess[str]":
    """A process of its own, with no terminal."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PROVISION_", "COLUMNS", "FORCE_COLOR", "NO_COLOR"))}
    return subprocess.run([sys.executable, "-m", "provisioner", *arguments], capture_output=True, text=True, cwd=cwd, env={**clean, **environ},
                          stdin=subprocess.DEVNULL, timeout=600, check=False)


def test_help_has_all_groups_and_imports_nothing_heavy() -> None:
    code = ("import sys; from provisioner.cli import main; code = main(['--help']); "
            "heavy = {'sqlalchemy', 'pydantic', 'rich', 'boto3', 'paramiko', 'ansible', 'yaml', 'jsonschema', 'cryptography'} & set(sys.modules); "
            "print(sorted(heavy), file=sys.stderr); sys.exit(code)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600, check=False)
    assert (done.returncode, done.stderr.strip()) == (0, "[]")
    assert [group for group in VERBS if f"\n{group}:\n" not in done.stdout] == []
    assert [verb for verb in ALL_VERBS if not re.search(rf"^  {verb} ", done.stdout, re.MULTILINE)] == []


def test_help_of_a_verb_imports_nothing_of_what_it_does() -> None:
    code = ("import sys; from provisioner.cli import main; codes = [main([verb, '--help']) for verb in sys.argv[1:]]; "
            "heavy = {'sqlalchemy', 'rich', 'boto3', 'paramiko', 'ansible', 'jsonschema', 'hcl2', 'provisioner.api', 'provisioner.spec'}; "
            "print(sorted(heavy & set(sys.modules)), codes, file=sys.stderr)")
    done = subprocess.run([sys.executable, "-c", code, *ALL_VERBS], capture_output=True, text=True, timeout=600, check=False)
    assert done.stderr.strip() == f"[] {[0] * len(ALL_VERBS)}"


def test_without_a_verb_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == Exit.OK
    assert "Deliver:" in capsys.readouterr().out


@pytest.mark.parametrize("verb", ALL_VERBS)
def test_each_verb_teaches_with_an_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "--help"]) == Exit.OK
    assert f"  provision {verb}" in capsys.readouterr().out.split("Options:")[0]


@pytest.mark.parametrize("verb", ALL_VERBS)
def test_the_table_says_what_the_command_says(verb: str) -> None:
    group = Verbs("provision")
    command = group.get_command(click.Context(group), verb)
    assert command is not None
    about = next(verbs[verb][1] for verbs in VERBS.values() if verb in verbs)
    assert about in (command.short_help, (command.help or "").splitlines()[0])


@pytest.mark.parametrize("verb", [verb for verb in ALL_VERBS if verb not in ("help", "secrets", "sandbox")])
def test_each_option_is_a_variable(verb: str) -> None:
    command = Verbs("provision").get_command(click.Context(Verbs("provision")), verb)
    assert command is not None
    found = [option for option in command.params if isinstance(option, click.Option)]
    names = {max(option.opts, key=len): option.envvar for option in found}
    assert names == {name: "PROVISION_" + name.removeprefix("--").replace("-", "_").upper() for name in names}


CASES = [
    (["aply"], 'no command "aply"; did you mean "apply"?', "provision --help"),
    (["xyzzy"], 'no command "xyzzy"; provision --help lists them', "provision --help"),
    (["explain", "--nope"], "No such option", "provision explain --help"),
    (["explain", "a", "b"], "unexpected extra argument", "provision explain --help"),
    (["version", "-o", "xml"], "'xml' is not one of", "provision version --help"),
    (["sandbox", "brek"], "No such command", "provision sandbox --help"),
    (["explain", "PRV-9999"], 'no code or topic "PRV-9999"', "provision explain"),
]


@pytest.mark.parametrize(("arguments", "text", "then"), CASES)
def test_usage_errors_exit_with_64(arguments: list[str], text: str, then: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == Exit.USAGE
    told = capsys.readouterr()
    assert text in told.err and f"Next: {then}\n" in told.err and told.out == ""


def test_usage_errors_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version", "--nope", "-o", "json"]) == Exit.USAGE
    told = json.loads(capsys.readouterr().out)
    assert (told["schemaVersion"], told["kind"], told["exit"], told["problems"][0]["code"]) == (1, "error", 64, "PRV-6400")


@pytest.mark.parametrize(("arguments", "default", "expected"), [
    (["plan", "-o", "json"], "text", "json"), (["plan", "--output=json"], "text", "json"), (["plan", "-ojson"], "text", "json"),
    (["apply", "--on", "a@b"], "text", "text"), (["plan"], "json", "json"), (["plan", "-o"], "text", "text"),
])
def test_the_format_is_known_before_the_line_is_understood(arguments: list[str], default: str, expected: str) -> None:
    assert entry.output_of(arguments, default) == expected


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_no_error(closed: str, tmp_path: Path) -> None:
    """Files that are opened later must not become the stream either: `init` writes some, and says that it did."""
    line = f'exec "$0" -m provisioner init shop {closed}'
    done = subprocess.run(["sh", "-c", line, sys.executable], capture_output=True, text=True, cwd=tmp_path, timeout=600, check=False)
    assert (done.returncode, "Traceback" in done.stderr, "a bug" in done.stderr) == (0, False, False)
    assert "Next" not in (tmp_path / "shop/app.yaml").read_text() and not (tmp_path / ".provision").exists()


class Odd(Exception):
    """An error that nobody expects."""


@pytest.mark.parametrize(("error", "code", "text"), [
    (ProvisionError("no", code="PRV-6405", next="provision apply"), 1, "error PRV-6405 no"),
    (ProvisionError("no", exit=Exit.MISSING), 12, "error PRV-1000 no"),
    (KeyboardInterrupt(), 130, "Interrupted before anything was begun: nothing was changed."),
    (click.Abort(), 130, "Next: provision plan"), (click.exceptions.Exit(7), 7, ""),
    (BrokenPipeError(), 0, ""),
    (Odd("password=hunter22 is odd"), 70, "error PRV-1099 a bug in provision: Odd: password=(secret) is odd"),
])
def test_every_error_becomes_a_text_and_a_number(
    error: BaseException, code: int, text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise error
    monkeypatch.setattr(entry.provision, "main", fail)
    assert main(["plan"]) == code
    told = capsys.readouterr()
    assert text in told.err and "Traceback" not in told.err + told.out


def test_a_bug_leaves_a_report_and_debug_shows_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise Odd("odd")
    monkeypatch.setattr(entry.provision, "main", fail)
    assert main(["plan", "-o", "json"]) == Exit.BUG
    file = next((tmp_path / ".provision" / "crashes").iterdir())
    assert "Traceback" in file.read_text() and file.stat().st_mode & 0o777 == 0o600
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "PRV-1099"
    monkeypatch.setenv("PROVISION_DEBUG", "1")
    assert main(["plan"]) == Exit.BUG
    assert "Traceback" in capsys.readouterr().err


def test_a_report_holds_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SOME_API_TOKEN", "canary-value-1")
    text = redacted("canary-value-1 postgresql://app:canary2@db/x password: canary3 {'secret': 'canary4'} AKIAABCDEFGHIJKLMNOP harmless")
    assert "canary" not in text and "AKIA" not in text and text.endswith("harmless")
    assert "canary-value-1" not in report(Odd("canary-value-1"), ["plan"])
    (tmp_path / ".provision").write_text("a file in the way")
    assert write(Odd("x"), []) == ""


def test_a_reader_that_leaves_is_no_error() -> None:
    done = subprocess.run(f"{sys.executable} -m provisioner explain | head -n 1", shell=True, capture_output=True, text=True, timeout=600,
                          check=False)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("PRV-")


def test_terminated_by_a_signal() -> None:
    code = ("import os, signal, sys, provisioner.cli.entry as entry\n"
            "entry.provision.main = lambda **given: os.kill(os.getpid(), signal.SIGTERM)\n"
            "sys.exit(entry.main(['plan']))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600, check=False, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stderr) == (143, "Terminated before anything was begun: nothing was changed.\nNext: provision plan\n")


def test_help_topics_and_verbs(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["help", "exit-codes"], ["explain", "exit-codes"]):
        assert main(words) == Exit.OK
        assert "  64  usage" in capsys.readouterr().out
    assert main(["help", "sandbox", "break"]) == Exit.OK
    assert "provision sandbox break" in capsys.readouterr().out
    assert main(["help"]) == Exit.OK
    assert "Deliver:" in capsys.readouterr().out
    assert main(["help", "nothing"]) == Exit.USAGE
    assert main(["explain", "formats", "-o", "json"]) == Exit.OK


def test_every_exit_code_is_in_the_topic(capsys: pytest.CaptureFixture[str]) -> None:
    main(["explain", "exit-codes"])
    told = {int(number) for number in re.findall(r"^ +(\d+)  ", capsys.readouterr().out, re.MULTILINE)}
    assert told == {int(code) for code in Exit}


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"]) == Exit.OK
    assert capsys.readouterr().out.startswith("provision ")
    assert main(["version", "-o", "json"]) == Exit.OK
    assert json.loads(capsys.readouterr().out)["kind"] == "version"


@pytest.mark.parametrize(("text", "seconds"), [("30", 30), ("30s", 30), ("5m", 300), ("1h", 3600), ("250ms", 0.25), ("1.5 m", 90)])
def test_durations(text: str, seconds: float) -> None:
    assert options.duration(text) == seconds


def test_a_duration_that_is_none() -> None:
    with pytest.raises(click.BadParameter):
        options.duration("soon")


def test_the_document(tmp_path: Path) -> None:
    assert locating.document_of(None) == "app.yaml"
    (tmp_path / "provision.yaml").touch()
    assert (locating.document_of(None), locating.document_of("x/app.yaml")) == ("provision.yaml", "x/app.yaml")
    (tmp_path / "app.yaml").touch()
    assert locating.document_of(None) == "app.yaml"


@pytest.mark.parametrize(("environ", "color", "expected"), [
    ({}, "auto", False), ({}, "always", True), ({"FORCE_COLOR": "1"}, "auto", True), ({"FORCE_COLOR": "1"}, "never", False),
    ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, "auto", False), ({"FORCE_COLOR": "0"}, "auto", False),
])
def test_colour(environ: dict[str, str], color: str, expected: bool) -> None:
    door = Door(color=color, environ=environ)
    assert door.look.color is expected and door.live is False


def test_ascii_where_the_stream_can_do_no_more() -> None:
    done = run("explain", "PRV-1099", PYTHONIOENCODING="ascii")
    assert done.returncode == 0 and done.stdout.isascii()
    assert run("explain", "exit-codes", "--ascii").stdout.isascii()


def test_nearest() -> None:
    assert lazy.near("statsu", ["status", "plan"]) == 'did you mean "status"?'


def test_what_the_machine_refuses_is_no_bug_of_ours(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device", "/srv/shop/.provision/store.db")

    monkeypatch.setattr(entry.provision, "main", full)
    assert main(["version"]) == Exit.FAILED
    told = capsys.readouterr().err
    assert "PRV-1004 /srv/shop/.provision/store.db: No space left on device" in told and "free some space" in told and "doctor" in told
