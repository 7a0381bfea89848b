"""Calls."""

import lowcode.api
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('library_call',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('created_at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('created_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('updated_at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('updated_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('deleted_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('deleted_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('loan', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('words', sa.String(length=200), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_library_call'))
    )
    with op.batch_alter_table('library_call', schema=None) as batch_op:
        batch_op.create_index('ix_library_call_created_at', ['created_at', 'id'], unique=False)
        batch_op.create_index('ix_library_call_loan', ['loan'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('library_call', schema=None) as batch_op:
        batch_op.drop_index('ix_library_call_loan')
        batch_op.drop_index('ix_library_call_created_at')

    op.drop_table('library_call')
