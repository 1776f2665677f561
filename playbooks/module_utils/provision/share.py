"""A folder that hosts share over NFS 4: exported by the first of them, mounted by the others. Contents are never touched."""

from __future__ import annotations

import ipaddress
import os
import zlib
from typing import Any

from ansible.module_utils.provision import commands, files, handles, packages, system
from ansible.module_utils.provision.blocks import block_of, with_block
from ansible.module_utils.provision.context import Context, check_name, unknown_names
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.pieces import Pieces
from ansible.module_utils.provision.probes import HEALTHY, Surroundings, once, until_healthy
from ansible.module_utils.provision.systemd import UNITS, Systemd
from ansible.module_utils.provision.work import Do, Work

PROBE = {"tcpSocket": {"port": 2049}}
MAIN = "/etc/ganesha/ganesha.conf"
CONTAINER = "container"
UNMARKED = """NFS_CORE_PARAM {
    Allow_Set_Io_Flusher_Fail = true;
}
"""
"""For Ganesha 5 and newer, which does not start where it may not be marked as one that writes for others; older ones pass over it."""
GANESHA = """{header}
EXPORT {{
    Export_Id = {number};
    Path = "{path}";
    Pseudo = "{path}";
    Protocols = 4;
    Transports = TCP;
    SecType = sys;
    Access_Type = None;
    Squash = {squash};
    FSAL {{ Name = VFS; }}
    CLIENT {{ Clients = {networks}; Access_Type = RW; }}
}}
"""
MOUNT = """{header}
[Unit]
Description={name} of {app} (NFS)

[Mount]
What={source}
Where={place}
Type=nfs
Options={options},_netdev

[Install]
WantedBy=remote-fs.target
"""


def kernel_text(header: str, path: str, networks: list[str], squash: bool) -> str:
    """The file of exports for the kernel's server."""
    options = f"rw,sync,no_subtree_check,{'root_squash' if squash else 'no_root_squash'}"
    return f"{header}\n\"{path}\" {' '.join(f'{network}({options})' for network in networks)}\n"


def ganesha_text(header: str, path: str, networks: list[str], squash: bool) -> str:
    """The export for Ganesha; its number is made of its path."""
    return GANESHA.format(header=header, number=zlib.crc32(path.encode()) % 65000 + 1, path=path, networks=", ".join(networks),
                          squash="Root_Squash" if squash else "No_Root_Squash")


class _Share:
    """One shared folder on this host."""

    def __init__(self, context: Context, spec: dict[str, Any]) -> None:
        if not context.systemd:
            raise Failed("sharing a folder needs a host of its own, with root and systemd")
        self.context, self.spec = context, spec
        self.name = check_name(str(spec["name"]))
        self.pieces = Pieces(context, "filesystem", self.name)
        self.systemd = Systemd()
        self.path = str(spec.get("path") or f"/srv/nfs/{self.name}")
        self.block = f"{context.app}.{context.unit}"

    # ------------------------------------------------------------------ the server
    def serve(self) -> Work:
        """What has to be done so that the folder is exported."""
        work, spec, context = self.pieces.work, self.spec, self.context
        work.unknown = unknown_names(spec, context.marker, "filesystem_")
        about = self.pieces.about
        kind = self._kind()
        server = system.family().nfs_servers[kind]
        service = server.service
        if about and about.get("server") != kind:
            raise Failed(f"this folder is exported by {about.get('server')}: destroy the component before another server takes it")
        networks = [_network(one) for one in spec.get("allow_from") or ()] if not work.unknown else []
        for package in server.packages:
            if not packages.installed(package):
                packages.judge_possible(package)
                work.add(f"install package {package}", lambda package=package: packages.install(package))  # type: ignore[misc]
        if kind == "ganesha" and (reason := handles.why_not(self.path)):
            raise Failed(reason)
        made = bool(about.get("made")) if about else not os.path.lexists(self.path)
        self._folder()
        text = kernel_text if kind == "kernel" else ganesha_text
        where = "/".join(self._place(kind))
        content = "" if work.unknown else text(context.header, self.path, networks, bool(spec.get("root_squash", True)))
        changed = self.pieces.file(files.Wish(where, content.encode(), unknown=bool(work.unknown)))
        changed |= kind == "ganesha" and self._include(f'%include "{where}"\n')
        changed |= work.broken_off
        state = self.systemd.state(service)
        work.facts["server"] = [state.known, state.enabled, state.running]
        if not state.enabled:
            work.add(f"enable {service}.service", lambda: self.systemd.enable(service))
        if not state.running:
            work.add(f"start {service}.service", lambda: self.systemd.restart(service))
        elif changed:
            work.add(f"export {self.path}", lambda: self._export(kind))
        work.outputs = {"path": self.path}
        work.health = "" if work.new else _answers()
        work.verify = _served
        started = about.get("started", not (state.enabled or state.running))
        return self.pieces.record({"server": kind, "path": self.path, "made": made, "started": started})

    def _kind(self) -> str:
        """Which server: the one that is asked for, else the one that exports it already, else what this host can."""
        asked = str(self.spec.get("server") or "auto")
        if asked != "auto":
            return asked
        return str(self.pieces.about.get("server") or ("kernel" if handles.kernel_serves() else "ganesha"))

    def _place(self, kind: str) -> tuple[str, str]:
        """Folder and file of the export's own text."""
        name = f"provision-{self.context.app}-{self.name}"
        return ("/etc/exports.d", f"{name}.exports") if kind == "kernel" else ("/etc/ganesha", f"{name}.conf")

    def _folder(self) -> None:
        """The exported folder: number of owner and group, and its mode; what is in it is not ours."""
        work, spec = self.pieces.work, self.spec
        mode, owner, group = int(str(spec.get("mode") or "0755"), 8), int(spec.get("owner") or 0), int(spec.get("group") or 0)
        found = files.facts(self.path)
        work.facts[self.path] = found
        if found is None:
            work.add(f"create folder {self.path}", lambda: _make(self.path, mode, owner, group))
        elif found[0] != "folder":
            raise Failed(f"{self.path} is there and is no folder")
        elif found[1:4] != [oct(mode), owner, group]:
            work.add(f"set mode {mode:04o}, owner {owner}:{group} of {self.path}", lambda: _make(self.path, mode, owner, group))

    def _include(self, line: str) -> bool:
        """One line of ours in Ganesha's own file, which its package brings, and what a container needs there."""
        before = _main()
        self.pieces.work.facts["include"] = [block_of(before, self.block), block_of(before, CONTAINER)]
        if self._main_with(before, line) == before:
            return False
        self.pieces.work.add(f"write {MAIN}", lambda: self._write_main(line))
        self.pieces.work.show(MAIN, None, ("" if handles.may_flush() else UNMARKED) + line)
        return True

    def _write_main(self, line: str) -> None:
        files.write(files.Wish(MAIN, self._main_with(_main(), line).encode()))

    def _main_with(self, text: str, line: str) -> str:
        """Ganesha's own file with this line of ours; what a container needs is there once, as long as a share is there."""
        mine = with_block(text, self.block, line, first=False)
        needed = (line or self._others()) and not handles.may_flush() and "NFS_CORE_PARAM" not in _said(with_block(mine, CONTAINER, "", first=False))
        return with_block(mine, CONTAINER, UNMARKED if needed else "", first=False)

    def _export(self, kind: str) -> None:
        if kind == "kernel":
            commands.run(["exportfs", "-ra"])
        else:
            self.systemd.restart("nfs-ganesha")

    # ------------------------------------------------------------------ the others
    def mount(self) -> Work:
        """What has to be done so that the folder of the first host is mounted here, now and after a boot."""
        work, spec, context = self.pieces.work, self.spec, self.context
        place = str(spec.get("mount_path") or "")
        if not place:
            raise Failed("further hosts mount the folder: say where with `mountPath`")
        client = system.family().nfs_client
        if not packages.installed(client):
            packages.judge_possible(client)
            work.add(f"install package {client}", lambda: packages.install(client))
        _, unit = commands.run(["systemd-escape", "--path", "--suffix=mount", place])
        unit = unit.strip()
        text = MOUNT.format(header=context.header, name=self.name, app=context.app, source=f"{spec['address']}:{self.path}", place=place,
                            options=str(spec.get("options") or "nfsvers=4.1,hard"))
        changed = self.pieces.file(files.Wish(f"{UNITS}/{unit}", text.encode())) or work.broken_off
        _, shown = commands.run(["systemctl", "show", unit, "--property=ActiveState,UnitFileState"])
        work.facts["mount"] = shown
        if changed:
            work.add(f"load {unit}", lambda: self.systemd.load(unit))
        if "UnitFileState=enabled" not in shown:
            work.add(f"enable {unit}", lambda: _systemctl("--quiet", "enable", unit))
        if changed or "ActiveState=active" not in shown:
            work.add(f"mount {place}", lambda: _systemctl("restart", unit))
        work.outputs = {"path": self.path}
        return self.pieces.record({"mount": unit, "place": place})

    # ------------------------------------------------------------------ leaving
    def leave(self) -> Work:
        """What has to be done so that nothing is exported or mounted here any more; a folder that we made goes with what is in it."""
        about, work, then = self.pieces.about, self.pieces.work, list[tuple[str, Do]]()
        if about.get("mount"):
            work.add(f"unmount {about['place']}", lambda: _systemctl("--quiet", "disable", "--now", str(about["mount"])))
            then.append((f"forget {about['mount']}", lambda: _systemctl("daemon-reload")))
        if about.get("server"):
            service = system.family().nfs_servers[about["server"]].service
            if about["server"] == "ganesha":
                work.add(f"write {MAIN}", lambda: self._write_main(""))
            ends = bool(about.get("started")) and not self._others()
            then.append((f"stop {service}.service", lambda: self.systemd.stop(service)) if ends
                        else (f"export what is left by {service}.service", lambda: self._export(about["server"])))
            if about.get("made") and os.path.isdir(about["path"]):
                then.append((f"remove folder {about['path']}", lambda: files.remove(str(about["path"]))))
        return self.pieces.leave(then=then)

    def _others(self) -> bool:
        """True when the server has other exports."""
        folder, mine = self._place(self.pieces.about["server"])
        names = os.listdir(folder) if os.path.isdir(folder) else []
        end = os.path.splitext(mine)[1]
        by_hand = any(line.strip().startswith(("/", '"')) for line in (files.read("/etc/exports") or b"").decode().splitlines())
        return by_hand or any(name.startswith("provision-") and name.endswith(end) and name != mine for name in names)


def _make(path: str, mode: int, owner: int, group: int) -> None:
    os.makedirs(path, exist_ok=True)
    os.chown(path, owner, group)
    os.chmod(path, mode)


def _main() -> str:
    return (files.read(MAIN) or b"").decode()


def _said(text: str) -> str:
    """What a file of Ganesha's says, without its comments."""
    return "\n".join(line.partition("#")[0] for line in text.splitlines())


def _systemctl(*words: str) -> None:
    commands.run(["systemctl", *words])


def _answers() -> str:
    return once(PROBE, Surroundings())


def _served() -> str:
    answer = until_healthy(PROBE, Surroundings(), lambda: "")
    if answer != HEALTHY:
        raise Failed(f"the NFS server does not answer: {answer}")
    return answer


def _network(value: Any) -> str:
    try:
        return str(ipaddress.ip_network(str(value), strict=False))
    except ValueError:
        raise Failed(f"'{value}' in allowFrom is no network (CIDR, such as 10.0.0.0/8)") from None


def look(context: Context, params: dict[str, Any]) -> Work:
    """What has to be done so that the folder is exported or mounted here: the host whose address is the server's exports."""
    spec = params["spec"]
    share = _Share(context, spec)
    return share.serve() if str(spec["address"]) == context.address else share.mount()


def look_away(context: Context, params: dict[str, Any]) -> Work:
    """What has to be done so that nothing of it is left."""
    return _Share(context, params["spec"]).leave()
