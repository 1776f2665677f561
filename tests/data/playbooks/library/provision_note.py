#!/usr/bin/python
"""A small module that follows the protocol: one file with a text, and a secret beside it that no result shows."""
import hashlib
import os
import time

from ansible.module_utils.basic import AnsibleModule


def read(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return None


def pause(path, seconds):
    """Tell a test that the work on the host has begun, and wait until the test has seen it."""
    open(path + ".begun", "w").close()
    end = time.monotonic() + seconds
    while time.monotonic() < end and not os.path.exists(path + ".go"):
        time.sleep(0.05)


def main():
    module = AnsibleModule(
        argument_spec=dict(
            path=dict(type="str", required=True), text=dict(type="str", default=""), secret=dict(type="str", no_log=True, default=""),
            state=dict(type="str", default="present"), seal=dict(type="str", default=""), marker=dict(type="str", required=True),
            pause=dict(type="float", default=0)),
        supports_check_mode=True)
    given = module.params
    wanted = {given["path"]: given["text"], given["path"] + ".secret": given["secret"]}
    if given["state"] == "absent":
        wanted = {path: None for path in wanted}
    before = {path: read(path) for path in wanted}
    seal = hashlib.sha256(repr(sorted(before.items())).encode()).hexdigest()
    differ = [path for path in wanted if before[path] != wanted[path]]
    if differ and given["seal"] and given["seal"] != seal:
        module.fail_json(msg="the state is not the one that was shown", provision={"stale": True, "seal": seal})

    def shown(path, text):
        if text is None:
            return None
        if path.endswith(".secret"):
            return "(secret, %s)" % hashlib.sha256(text.encode()).hexdigest()[:12]
        return "(known after apply)" if given["marker"] in text else text

    result = {
        "seal": seal, "new": all(text is None for text in before.values()),
        "files": [{"path": path, "before": shown(path, before[path]), "after": shown(path, wanted[path])} for path in differ],
        "tasks": [("remove " if wanted[path] is None else "write ") + path for path in differ],
        "unknown": [name for name in ("text", "secret") if given["marker"] in given[name]],
        "health": "healthy" if before[given["path"]] is not None else "it is not there",
        "outputs": {"size": len(given["text"])},
    }
    if not module.check_mode:
        if given["pause"]:
            pause(given["path"], given["pause"])
        for path in differ:
            if wanted[path] is None:
                os.remove(path)
            else:
                with open(path, "w") as file:
                    file.write(wanted[path])
    module.exit_json(changed=bool(differ), provision=result)


if __name__ == "__main__":
    main()
