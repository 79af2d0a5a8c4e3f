"""A note on a listing: nullable, so that the release before this one can go on writing."""

from alembic import op
import sqlalchemy as sa

revision = "0002"
down_revision = "0001"


def upgrade():
    op.add_column("listings", sa.Column("note", sa.Text))


def downgrade():
    op.drop_column("listings", "note")
