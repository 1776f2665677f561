"""The environment of Terraform's children, and a CLI configuration of our own that knows the mirrors of this machine.

A configuration of the user that says how providers are installed stays in force; one that is named but missing is ignored.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from provisioner.providers import FILES

REGISTRIES = ("registry.terraform.io", "registry.opentofu.org")
PLACES = ("/opt", "/srv", "/usr/local")
DEPTH = 4
FOLDERS_AT_MOST = 4000
"""A home folder may be endless; a mirror that lies deeper is named by the user."""

FIXED = {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1", "PROVISION_PYTHON": sys.executable}
"""The last one: programs that a module runs find the Python that has our libraries."""


def environment(over: Mapping[str, str], config: Path | None) -> dict[str, str]:
    """The environment of a child: ours, `over` laid on it ("" removes a name), and what makes Terraform quiet."""
    merged = {**os.environ, "GOGC": os.environ.get("GOGC", "400"), **over, **FIXED}
    if config is not None:
        merged["TF_CLI_CONFIG_FILE"] = str(config)
    else:
        merged.setdefault("TF_CLI_CONFIG_FILE", "")
    # a provider refuses to start for a file that is not there
    merged |= {name: "" for name in FILES if merged.get(name) and not Path(merged[name]).is_file()}
    for name in [name for name in merged if name.startswith(("TF_CLI_ARGS", "TF_WORKSPACE", "TF_DATA_DIR"))]:
        # they change what a command line means; we show the whole command line
        merged[name] = ""
    return {name: value for name, value in merged.items() if value != ""}


def write(file: Path, named: tuple[Path, ...], environ: Mapping[str, str], product: str = "terraform") -> Path | None:
    """Write the CLI configuration for terraform or tofu; None when the user's own is to be used as it is."""
    own = user_file(environ, product)
    text = own.read_text(errors="replace") if own else ""
    if "provider_installation" in text:
        return None
    content = text + render(mirrors(named, Path(environ.get("HOME", "/nonexistent"))))
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not file.exists() or file.read_text() != content:
        fresh = file.with_name(f"{file.name}.{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w") as stream:
            stream.write(content)
        fresh.replace(file)
    return file


def user_file(environ: Mapping[str, str], product: str = "terraform") -> Path | None:
    """The user's own CLI configuration of terraform or tofu, if it exists."""
    named = environ.get("TF_CLI_CONFIG_FILE") or environ.get("TERRAFORM_CONFIG", "")
    home = Path(environ.get("HOME", "/nonexistent"))
    tofus = [home / ".tofurc", Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "opentofu/tofurc"] if product == "tofu" else []
    candidates = [Path(named)] if named else [*tofus, home / ".terraformrc"]
    return next((file for file in candidates if file.is_file()), None)


def render(found: Mapping[Path, tuple[str, ...]]) -> str:
    """The configuration's text for mirrors and the providers in each. What a mirror holds is not asked of a registry."""
    lines = ["provider_installation {"]
    for folder, providers in found.items():
        include = ", ".join(f'"{provider}"' for provider in providers)
        lines += ["  filesystem_mirror {", f'    path    = "{folder}"', f"    include = [{include}]", "  }"]
    everything = sorted({provider for providers in found.values() for provider in providers})
    exclude = ", ".join(f'"{provider}"' for provider in everything)
    lines += ["  direct {", f"    exclude = [{exclude}]", "  }", "}", "disable_checkpoint = true", ""]
    return "\n".join(lines)


def mirrors(named: tuple[Path, ...], home: Path) -> dict[Path, tuple[str, ...]]:
    """Mirrors and what they hold (HOST/NAMESPACE/TYPE): named ones, Terraform's implied ones, and those found on this machine."""
    implied = [home / ".terraform.d/plugins", home / ".local/share/terraform/plugins",
               Path("/usr/local/share/terraform/plugins"), Path("/usr/share/terraform/plugins")]
    found: dict[Path, tuple[str, ...]] = {}
    for folder in [*named, *implied, *_search([*map(Path, PLACES), home])]:
        resolved = folder.resolve()
        if resolved not in found and (providers := held(resolved)):
            found[resolved] = providers
    return found


def held(folder: Path) -> tuple[str, ...]:
    """The providers in a mirror, as HOST/NAMESPACE/TYPE."""
    try:
        return tuple(sorted({"/".join(path.relative_to(folder).parts[:3]) for path in folder.glob("*.*/*/*/*")}))
    except OSError:
        return ()


def _search(places: list[Path]) -> Iterator[Path]:
    """Folders that hold a folder named like a registry, a few levels below the places."""
    left = FOLDERS_AT_MOST
    for place in places:
        level = [place]
        for _ in range(DEPTH):
            below: list[Path] = []
            for folder in level:
                left -= 1
                if left < 0:
                    return
                children = _folders(folder)
                if any(child.name in REGISTRIES for child in children):
                    yield folder
                below += [child for child in children if not child.name.startswith((".", "node_modules", "__pycache__"))]
            level = below


def _folders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []
