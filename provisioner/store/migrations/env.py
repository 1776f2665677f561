"""What alembic runs: our own open connection, nothing else. Read by alembic only, never imported."""

from alembic import context

from provisioner.store.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA, render_as_batch=True)
context.run_migrations()
