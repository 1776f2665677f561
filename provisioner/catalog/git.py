"""One commit of a git repository as a folder, by the `git` command. Asks nobody for a password; runs nothing that the repository holds."""

import os
import re
import shutil
import tempfile
from pathlib import Path

from provisioner.errors import ProvisionError
from provisioner.process.children import Children, Result

URL = re.compile(r"\A((https?|file|ssh|git)://|git::|[\w.-]+@[\w.-]+:)")
COMMIT = re.compile(r"\A[0-9a-f]{40}([0-9a-f]{24})?\Z")
CAREFUL = ("-c", "protocol.ext.allow=never", "-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false")

KEPT = ("GIT_SSH", "GIT_SSL", "GIT_CONFIG")
"""How the user reaches servers; the rest of git's variables would point it at another repository."""


def is_url(source: str) -> bool:
    """True for what git can clone from elsewhere: https, http, ssh, file, git, USER@HOST:PATH, git::URL."""
    return bool(URL.match(source))


def fetch(source: str, ref: str, into: Path) -> str:
    """Put the files of a branch, tag or commit (empty: the default branch) into a new folder, without history.

    Returns the commit's hash. Raises ProvisionError (PRV-1602) with git's own words, Missing without git.
    """
    url = source.removeprefix("git::")
    into.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into.parent, prefix=".fetch-") as place:
        work = Path(place) / "tree"
        _git(source, Path(place), "init", "--quiet", str(work))
        _fetch(source, url, ref, work)
        _git(source, work, "checkout", "--quiet", "--detach", ref if COMMIT.match(ref) else "FETCH_HEAD")
        commit = _git(source, work, "rev-parse", "HEAD").stdout.strip()
        shutil.rmtree(work / ".git")
        os.replace(work, into)
    return commit


def _fetch(source: str, url: str, ref: str, work: Path) -> None:
    """One commit alone where the server can; a plain file server can't, and not every server gives a commit that no branch ends at."""
    ways = [("--depth", "1", "--no-tags", "--", url, ref or "HEAD"), ("--no-tags", "--", url, ref or "HEAD")]
    if COMMIT.match(ref):
        ways[1] = ("--tags", "--", url, "+refs/heads/*:refs/remotes/origin/*")
    for way in ways:
        fetched = _try(work, "fetch", "--quiet", *way)
        if fetched.returncode == 0:
            return
    raise _failed(source, fetched, ref)


def _git(source: str, cwd: Path, *arguments: str) -> Result:
    result = _try(cwd, *arguments)
    if result.returncode:
        raise _failed(source, result, "")
    return result


def _try(cwd: Path, *arguments: str) -> Result:
    around = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name.startswith(KEPT)}
    return Children().run(("git", *CAREFUL, *arguments), cwd, {**around, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"})


def _failed(source: str, result: Result, ref: str) -> ProvisionError:
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    said = next((line for line in lines if line.startswith("fatal:")), lines[-1] if lines else "it did not say why")
    what = f"{without_password(source)}{f' at {ref}' if ref else ''}"
    return ProvisionError(f"git could not get {what}: {without_password(said)}", code="PRV-1602",
                          hint="does the same URL work with git clone?")


def without_password(text: str) -> str:
    """The text with the user's part of URLs taken out."""
    return re.sub(r"(://)[^/\s@]+@", r"\1", text)
