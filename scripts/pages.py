"""Writes docs/types/: a page for each shipped type of component, trait, policy and step. With --check: says which pages are stale."""

import sys
import tempfile
from pathlib import Path

from provisioner.catalog import Catalog, words
from provisioner.console.pages import index_page, page_name, type_page

FOLDER = Path(__file__).parent.parent / "docs" / "types"


def pages() -> dict[str, str]:
    """File name to text, of every shipped type and of the index."""
    with tempfile.TemporaryDirectory() as empty:
        catalog = Catalog(Path(empty))
        kinds = ((catalog.component_names(), catalog.component), (catalog.trait_names(), catalog.trait),
                 (words.policy_names(), words.policy), (words.step_names(), words.step))
        every = [found for names, read in kinds for name in names if (found := read(name))]
    texts = {page_name(one): type_page(one) for one in every}
    return {name: text + "\n" for name, text in {**texts, "README.md": index_page(every)}.items()}


def main(check: bool) -> int:
    """1 when a page is not up to date."""
    wanted = pages()
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")} if FOLDER.is_dir() else {}
    wrong = sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))
    if check:
        sys.stdout.write("".join(f"docs/types/{name} is not up to date: run scripts/pages.py\n" for name in wrong))
        return 1 if wrong else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in wrong:
        if name in wanted:
            (FOLDER / name).write_text(wanted[name], encoding="utf-8")
        else:
            (FOLDER / name).unlink()
    sys.stdout.write(f"{len(wrong)} pages of docs/types written or removed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
