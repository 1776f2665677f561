"""The process in which ansible-runner plays one playbook; started by `play`, one for each play.

Reads its order as one JSON line on stdin and answers with one JSON line per event on stdout. It is the subreaper of all
that Ansible starts. When stdin ends (the parent is gone) or on SIGTERM it ends all of it, then itself. Secrets reach
Ansible through a pipe only; the runner's own folder lies on a tmpfs and is removed.
"""

import contextlib
import json
import os
import shutil
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from provisioner.engines.ansible import processes

KEEP = ("msg", "stderr", "stdout", "module_stderr", "module_stdout", "rc", "provision", "diff", "reason", "changed", "unreachable",
        "skipped", "skip_reason", "false_condition", "ansible_stats",
        "dest", "path")
TAIL = 4000
"""Characters kept of long texts, counted from the end."""
TASK_EVENTS = {
    "runner_on_ok": "ok", "runner_on_failed": "failed", "runner_on_unreachable": "unreachable", "runner_on_skipped": "skipped",
    "runner_item_on_ok": "item", "runner_item_on_failed": "item-failed",
}


def main() -> None:
    """Play, and end with 0 whatever the playbook's own exit code is: that travels in the last line."""
    processes.become_subreaper()
    order = json.loads(sys.stdin.readline())
    runtime = Path(order["runtime"])
    signal.signal(signal.SIGTERM, lambda *_: _quit(runtime))
    threading.Thread(target=_watch_parent, args=(runtime,), daemon=True).start()
    try:
        _play(order, runtime)
    except Exception as error:
        _say({"kind": "broken", "message": f"{type(error).__name__}: {error}"})
    finally:
        processes.end(processes.masters(os.getpid(), str(runtime)))
        shutil.rmtree(runtime, ignore_errors=True)
    sys.stdout.flush()
    # the watching thread sits in a read of stdin that nothing interrupts
    os._exit(0)


def _watch_parent(runtime: Path) -> None:
    while os.read(0, 1):
        pass
    _quit(runtime)


def _quit(runtime: Path) -> None:
    processes.end_below(os.getpid())
    shutil.rmtree(runtime, ignore_errors=True)
    os._exit(143)


def _play(order: dict[str, Any], runtime: Path) -> None:
    # heavy: a quarter of a second; only this process pays for it
    from ansible_runner.config.runner import RunnerConfig  # type: ignore[import-untyped]
    from ansible_runner.runner import Runner  # type: ignore[import-untyped]

    arguments = list(order["arguments"])
    if order["hidden"]:
        arguments[-1:-1] = ["-e", "@" + _pipe(order["hidden"], runtime / "vars")]
    if order["playbook"]:
        arguments[-1] = _pipe(order["playbook"], runtime / "site.yml")
    config = RunnerConfig(private_data_dir=str(runtime), playbook=arguments[-1], ident="run", quiet=True,
                          settings={"suppress_output_file": False, "suppress_ansible_output": True})
    config.prepare()
    config.command = [*_program(order["notes"]), *arguments]
    config.cwd = order["folder"]
    _say({"kind": "started"})
    runner = Runner(config, event_handler=_on_event)
    runner.run()
    # stdout is kept only when the playbook ended before it had events: a usage or parser error
    _say({"kind": "ended", "rc": runner.rc, "output": _output(runtime)})


def _program(notes: str) -> list[str]:
    """ansible-playbook of our own environment, watched; one from elsewhere as it is."""
    beside = Path(sys.executable).with_name("ansible-playbook").exists()
    return [sys.executable, "-P", "-m", "provisioner.engines.ansible.watched", notes] if beside else ["ansible-playbook"]


def _pipe(text: str, path: Path) -> str:
    """A named pipe that holds the text for one reader: it is on no disk, and gone when it has been read."""
    os.mkfifo(path, 0o600)

    def write() -> None:
        with open(path, "w") as pipe:
            path.unlink()
            pipe.write(text)

    threading.Thread(target=write, daemon=True).start()
    return str(path)


def _output(runtime: Path) -> str:
    with contextlib.suppress(OSError):
        return (runtime / "artifacts/run/stdout").read_text(errors="replace")[-TAIL:]
    return ""


def _on_event(event: dict[str, Any]) -> bool:
    """Hand on what matters of an event; False: the runner writes none to its folder."""
    kind, data = event.get("event", ""), event.get("event_data", {})
    if kind in TASK_EVENTS:
        _say({"kind": TASK_EVENTS[kind], "host": data.get("host", ""), "task": data.get("task", ""), "action": data.get("task_action", ""),
              "ignored": bool(data.get("ignore_errors")), "seconds": data.get("duration", 0), "result": _result(data.get("res", {}))})
    elif kind == "playbook_on_stats":
        _say({"kind": "stats", "changed": data.get("changed", {}), "failed": data.get("failures", {}), "dark": data.get("dark", {}),
              "ok": data.get("ok", {}), "processed": data.get("processed", {}), "outputs": data.get("artifact_data", {})})
    elif kind == "playbook_on_play_start":
        _say({"kind": "play", "play": data.get("name", "")})
    elif kind == "playbook_on_task_start":
        _say({"kind": "task", "task": data.get("task", "")})
    return False


def _result(result: Any) -> dict[str, Any]:
    if not isinstance(result, dict):
        return {"msg": str(result)[-TAIL:]}
    return {key: value[-TAIL:] if isinstance(value, str) else value for key, value in result.items() if key in KEEP}


def _say(event: dict[str, Any]) -> None:
    try:
        # one write of one line: the signal handler may interrupt us between two, not within one
        os.write(1, (json.dumps(event, default=str) + "\n").encode())
    except BrokenPipeError:
        os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
