"""Other systems: received messages, the log of calls, connections that rest."""

import lowcode.api
import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('breakers',
    sa.Column('plugin', sa.String(length=50), nullable=False),
    sa.Column('connection', sa.String(length=50), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('opened_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.PrimaryKeyConstraint('plugin', 'connection', name=op.f('pk_breakers'))
    )
    op.create_table('calls',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('direction', sa.String(length=3), nullable=False),
    sa.Column('plugin', sa.String(length=50), nullable=False),
    sa.Column('name', sa.String(length=50), nullable=False),
    sa.Column('subject', sa.String(length=255), nullable=False),
    sa.Column('form', sa.String(length=50), nullable=True),
    sa.Column('record', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('address', sa.String(length=300), nullable=False),
    sa.Column('status', sa.Integer(), nullable=True),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('duration', sa.Integer(), nullable=False),
    sa.Column('outcome', sa.String(length=20), nullable=False),
    sa.Column('message', sa.Text(), nullable=False),
    sa.Column('values', sa.JSON(), nullable=False),
    sa.Column('request', sa.Text(), nullable=False),
    sa.Column('answer', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_calls'))
    )
    with op.batch_alter_table('calls', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_calls_at'), ['at'], unique=False)
        batch_op.create_index(batch_op.f('ix_calls_form_record'), ['form', 'record'], unique=False)
        batch_op.create_index(batch_op.f('ix_calls_plugin_direction_name_id'), ['plugin', 'direction', 'name', 'id'], unique=False)

    op.create_table('received_messages',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('plugin', sa.String(length=50), nullable=False),
    sa.Column('endpoint', sa.String(length=50), nullable=False),
    sa.Column('about', sa.String(length=255), nullable=False),
    sa.Column('sequence', sa.BigInteger(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('answer', sa.Text(), nullable=False),
    sa.Column('at', lowcode.api.UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_received_messages')),
    sa.UniqueConstraint('plugin', 'endpoint', 'about', 'sequence', name=op.f('uq_received_messages_plugin_endpoint_about_sequence'))
    )
    with op.batch_alter_table('received_messages', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_received_messages_at'), ['at'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('received_messages', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_received_messages_at'))

    op.drop_table('received_messages')
    with op.batch_alter_table('calls', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_calls_plugin_direction_name_id'))
        batch_op.drop_index(batch_op.f('ix_calls_form_record'))
        batch_op.drop_index(batch_op.f('ix_calls_at'))

    op.drop_table('calls')
    op.drop_table('breakers')
