"""Quotation sending, answers and floor price."""

import lowcode.api
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('crm_quotation', schema=None) as batch_op:
        batch_op.add_column(sa.Column('below_floor', sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column('sent_to', sa.String(length=255), nullable=True))
        batch_op.add_column(sa.Column('sent_at', lowcode.api.UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column('send_channel', sa.String(length=50), nullable=True))
        batch_op.add_column(sa.Column('accepted_at', lowcode.api.UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column('declined_at', lowcode.api.UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column('decline_reason', sa.Text(), nullable=True))
        batch_op.create_index('ix_crm_quotation_send_channel', ['send_channel'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('crm_quotation', schema=None) as batch_op:
        batch_op.drop_index('ix_crm_quotation_send_channel')
        batch_op.drop_column('decline_reason')
        batch_op.drop_column('declined_at')
        batch_op.drop_column('accepted_at')
        batch_op.drop_column('send_channel')
        batch_op.drop_column('sent_at')
        batch_op.drop_column('sent_to')
        batch_op.drop_column('below_floor')
