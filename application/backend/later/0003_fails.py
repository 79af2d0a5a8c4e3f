"""Fails on purpose, after a change that must not stay."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade():
    op.execute("alter table listings add column half_done text")
    op.execute("alter table no_such_table add column note text")


def downgrade():
    pass
