"""Bringing an older store up to date, with alembic. One file per change in `versions/`; never edited once released."""

from pathlib import Path

from sqlalchemy import Connection


def upgrade(connection: Connection, target: str = "head") -> None:
    """Run the missing migrations inside the connection's transaction."""
    # alembic takes longer to import than a store takes to open, and is needed once per release
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, target)
