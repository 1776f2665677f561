"""How one folder of files that nginx serves is brought to what is wanted of it: releases, the link to the current one, the configuration."""

from __future__ import annotations

import os
from typing import Any

from ansible.module_utils.provision import files, manifest, nginx, releases
from ansible.module_utils.provision.context import Context
from ansible.module_utils.provision.door import Door
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.work import Work


class Site(Door):
    """Files that nginx serves."""

    kind, prefix = "static-site", "site_"

    def __init__(self, context: Context, spec: dict[str, Any], artifact: dict[str, Any]) -> None:
        super().__init__(context, spec)
        self.artifact = artifact
        self.digest = str(artifact.get("digest") or "")
        self.home = context.path(f"/var/www/{self.name}")
        self.current = f"{self.home}/current"
        if artifact and not self.digest:
            self.work.unknown.append("site_artifact")

    def hosts(self) -> list[str]:
        return [str(self.spec.get("domain") or "")]

    def text(self) -> tuple[str, str]:
        spec = self.spec
        pages = nginx.Pages(self.current, str(spec.get("domain") or ""), str(spec.get("index") or "index.html"), str(spec.get("error_page") or ""),
                            str(spec.get("fallback") or ""), {str(k): str(v) for k, v in (spec.get("headers") or {}).items()},
                            int(spec.get("cache_seconds") or 0))
        return nginx.pages_text(self.context.header, pages, self.listening())

    def about(self) -> dict[str, Any]:
        return {"release": self.digest}

    def owned(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return (self.current,), (self.home,)

    def content(self) -> None:
        """The release, and the link to it."""
        work, digest = self.work, self.digest
        self._judge_owner()
        known = str(self.before.about.get("release", "")) if self.before else ""
        work.facts["releases"] = [releases.listed(self.home), bool(known) and releases.intact(self.home, known)]
        work.facts["current"] = files.facts(self.current)
        work.want_folder(os.path.dirname(self.home), shared=True)
        work.want_folder(self.home)
        if not digest:
            work.add("unpack the artifact (known after apply)", lambda: None)
            return
        short = digest[:releases.SHORT]
        if not releases.intact(self.home, digest):
            releases.judge_space(self.home, int(self.artifact.get("size") or 0))
            work.missing_artifact = not self.artifact.get("path")
            again = " again: it was changed by hand" if os.path.isdir(releases.folder(self.home, digest)) else ""
            work.add(f"unpack release {short} of {self.artifact.get('name')}{again}",
                     lambda: releases.unpack(self.home, str(self.artifact["path"]), str(self.artifact["name"]), digest))
        if (os.readlink(self.current) if os.path.islink(self.current) else "") != f"releases/{short}":
            work.add(f"point {self.current} at releases/{short}", lambda: files.link(self.current, f"releases/{short}"))

    def after_run(self) -> None:
        """Older releases go once the new one is served."""
        kept = self.digest[:releases.SHORT]
        older = [name for name in releases.listed(self.home) if name != kept]
        for name in older[max(int(self.spec.get("keep") or 3) - 1, 0):] if self.digest else []:
            self.work.add(f"remove release {name}", lambda name=name: releases.prune(self.home, name))  # type: ignore[misc]

    def _judge_owner(self) -> None:
        theirs = next((other for other in manifest.others(self.context) if self.home in other.trees), None)
        if theirs is not None:
            raise Failed(f"this host already has a static site '{self.name}': {theirs.unit} of {theirs.app} ({theirs.environment})")
        if self.before is None and os.path.isdir(self.home) and os.listdir(self.home):
            raise Failed(f"{self.home} is there and was not made by provision; give the component another name")


def look(context: Context, params: dict[str, Any]) -> Work:
    """What has to be done so that the site is as wanted."""
    return Site(context, params["spec"], params["artifact"]).deliver()


def look_away(context: Context, params: dict[str, Any]) -> Work:
    """What has to be done so that nothing of the site is left."""
    return Site(context, params["spec"], {}).remove()
