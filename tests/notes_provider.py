"""A small cloud of the tests' own: a Terraform provider whose resources are files in a folder. Run by Terraform as a program."""

import json
from pathlib import Path
from typing import Any

from tf.iface import CreateContext, DeleteContext, Provider, ReadContext, Resource, UpdateContext
from tf.runner import run_provider
from tf.schema import Attribute, Schema
from tf.types import String
from tf.utils import Diagnostics

ADDRESS = "lab.example/tests/notes"


class Notes(Provider):
    """The provider `notes`: keeps everything in `folder`."""

    folder = Path()

    def get_model_prefix(self) -> str:
        return "notes_"

    def get_provider_schema(self, diags: Diagnostics) -> Schema:
        return Schema(attributes=[Attribute("folder", String(), required=True, description="Where notes lie.")])

    def full_name(self) -> str:
        return ADDRESS

    def validate_config(self, diags: Diagnostics, config: dict[str, Any]) -> None:
        pass

    def configure_provider(self, diags: Diagnostics, config: dict[str, Any]) -> None:
        self.folder = Path(config["folder"])

    def get_data_sources(self) -> list[Any]:
        return []

    def get_resources(self) -> list[Any]:
        return [Note]


class Note(Resource):
    """The resource `notes_note`: one file. Another name makes another file."""

    def __init__(self, provider: Notes) -> None:
        self._provider = provider

    @classmethod
    def get_name(cls) -> str:
        return "note"

    @classmethod
    def get_schema(cls) -> Schema:
        return Schema(attributes=[
            Attribute("name", String(), required=True, requires_replace=True, description="The file's name."),
            Attribute("text", String(), required=True, description="What it says."),
            Attribute("seal", String(), optional=True, sensitive=True, description="What nobody should read."),
            Attribute("id", String(), computed=True, description="Where it lies."),
        ])

    def create(self, ctx: CreateContext, planned: dict[str, Any]) -> dict[str, Any] | None:
        path = self._provider.folder / f"{planned['name']}.json"
        if path.exists():
            ctx.diagnostics.add_error("the note already exists", f"{path.name} is there: choose another name")
            return None
        return self._write(planned, path)

    def update(self, ctx: UpdateContext, current: dict[str, Any], planned: dict[str, Any]) -> dict[str, Any]:
        return self._write({**planned, "id": current["id"]}, Path(current["id"]))

    def read(self, ctx: ReadContext, current: dict[str, Any]) -> dict[str, Any] | None:
        path = Path(current["id"])
        return {**json.loads(path.read_text()), "id": str(path)} if path.is_file() else None

    def delete(self, ctx: DeleteContext, current: dict[str, Any]) -> None:
        Path(current["id"]).unlink(missing_ok=True)

    def _write(self, note: dict[str, Any], path: Path) -> dict[str, Any]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"name": note["name"], "text": note["text"], "seal": note.get("seal")}))
        return {**note, "id": str(path)}


if __name__ == "__main__":
    run_provider(Notes())
