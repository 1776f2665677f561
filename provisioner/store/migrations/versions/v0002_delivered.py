"""What is out there: delivered units, what each host has of them, revisions."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "delivered",
        sa.Column("application", sa.String(253), nullable=False),
        sa.Column("environment", sa.String(253), nullable=False),
        sa.Column("unit", sa.String(512), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("previous", sa.Text),
        sa.PrimaryKeyConstraint("application", "environment", "unit", name="pk_delivered"),
    )
    op.create_table(
        "delivered_hosts",
        sa.Column("application", sa.String(253), nullable=False),
        sa.Column("environment", sa.String(253), nullable=False),
        sa.Column("unit", sa.String(512), nullable=False),
        sa.Column("host", sa.String(512), nullable=False),
        sa.Column("digest", sa.String(128), nullable=False),
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("time", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("application", "environment", "unit", "host", name="pk_delivered_hosts"),
        sa.ForeignKeyConstraint(
            ["application", "environment", "unit"],
            ["delivered.application", "delivered.environment", "delivered.unit"],
            name="fk_delivered_hosts_application_environment_unit",
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "revisions",
        sa.Column("application", sa.String(253), nullable=False),
        sa.Column("environment", sa.String(253), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("plan", sa.String(64), nullable=False),
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("digest", sa.String(128), nullable=False),
        sa.Column("time", sa.String(32), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("application", "environment", "number", name="pk_revisions"),
    )
