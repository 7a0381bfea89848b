"""Where lines come from."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('library_loan_lines', schema=None) as batch_op:
        batch_op.add_column(sa.Column('source', sa.BigInteger(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('library_loan_lines', schema=None) as batch_op:
        batch_op.drop_column('source')
