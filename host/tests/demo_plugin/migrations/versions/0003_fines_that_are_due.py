"""Fines that are due."""

import lowcode.api
import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('library_member', schema=None) as batch_op:
        batch_op.add_column(sa.Column('fine_paid', lowcode.api.FixedDecimal(18, 2), nullable=True))
        batch_op.add_column(sa.Column('fine_due', lowcode.api.FixedDecimal(18, 2), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('library_member', schema=None) as batch_op:
        batch_op.drop_column('fine_due')
        batch_op.drop_column('fine_paid')
