"""Drift: differences that somebody accepted, and the last look for each application and environment."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "accepted_drift",
        sa.Column("application", sa.String(253), nullable=False),
        sa.Column("environment", sa.String(253), nullable=False),
        sa.Column("path", sa.String(2048), nullable=False),
        sa.Column("digest", sa.String(128), nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("time", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("application", "environment", "path", name="pk_accepted_drift"),
    )
    op.create_table(
        "drift_checks",
        sa.Column("application", sa.String(253), nullable=False),
        sa.Column("environment", sa.String(253), nullable=False),
        sa.Column("time", sa.String(32), nullable=False),
        sa.Column("found", sa.Integer, nullable=False),
        sa.Column("exit_code", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("application", "environment", name="pk_drift_checks"),
    )
