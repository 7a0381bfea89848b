"""Duplicates, merging, and copies of files."""

import lowcode.api
import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('alike_keys',
    sa.Column('kind', sa.String(length=50), nullable=False),
    sa.Column('key', sa.String(length=200), nullable=False),
    sa.Column('form', sa.String(length=50), nullable=False),
    sa.Column('record', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('kind', 'key', 'form', 'record', name=op.f('pk_alike_keys'))
    )
    with op.batch_alter_table('alike_keys', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_alike_keys_form_record'), ['form', 'record'], unique=False)

    op.create_table('merged_records',
    sa.Column('form', sa.String(length=50), nullable=False),
    sa.Column('source', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('target', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('merged_at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('merged_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.PrimaryKeyConstraint('form', 'source', name=op.f('pk_merged_records'))
    )
    with op.batch_alter_table('merged_records', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_merged_records_form_target'), ['form', 'target'], unique=False)

    with op.batch_alter_table('files', schema=None) as batch_op:
        batch_op.add_column(sa.Column('content', sa.String(length=32), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('files', schema=None) as batch_op:
        batch_op.drop_column('content')

    with op.batch_alter_table('merged_records', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_merged_records_form_target'))

    op.drop_table('merged_records')
    with op.batch_alter_table('alike_keys', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_alike_keys_form_record'))

    op.drop_table('alike_keys')
