"""Leads, pool, follow-ups and opportunities."""

import lowcode.api
import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('crm_follow_up',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('created_at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('created_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('updated_at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('updated_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('deleted_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('deleted_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('owner_department', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('subject', sa.String(length=100), nullable=True),
    sa.Column('method', sa.String(length=50), nullable=True),
    sa.Column('contact_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('end_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('content', sa.Text(), nullable=True),
    sa.Column('next_contact_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('next_plan', sa.String(length=200), nullable=True),
    sa.Column('owner', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('attachments', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('object_type', sa.String(length=50), nullable=True),
    sa.Column('object_id', sa.BigInteger(), nullable=True),
    sa.Column('customer', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('customer_name', sa.String(length=100), nullable=True),
    sa.Column('lead', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('opportunity', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('contact', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('origin', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_crm_follow_up'))
    )
    with op.batch_alter_table('crm_follow_up', schema=None) as batch_op:
        batch_op.create_index('ix_crm_follow_up_contact', ['contact'], unique=False)
        batch_op.create_index('ix_crm_follow_up_created_at', ['created_at', 'id'], unique=False)
        batch_op.create_index('ix_crm_follow_up_customer', ['customer'], unique=False)
        batch_op.create_index('ix_crm_follow_up_lead', ['lead'], unique=False)
        batch_op.create_index('ix_crm_follow_up_method', ['method'], unique=False)
        batch_op.create_index('ix_crm_follow_up_object_type', ['object_type'], unique=False)
        batch_op.create_index('ix_crm_follow_up_opportunity', ['opportunity'], unique=False)
        batch_op.create_index('ix_crm_follow_up_origin', ['origin'], unique=False)
        batch_op.create_index('ix_crm_follow_up_owner', ['owner'], unique=False)
        batch_op.create_index('ix_crm_follow_up_owner_department', ['owner_department'], unique=False)

    op.create_table('crm_holding_limit',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('created_at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('created_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('updated_at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('updated_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('deleted_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('deleted_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('name', sa.String(length=100), nullable=True),
    sa.Column('kind', sa.String(length=50), nullable=True),
    sa.Column('user', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('department', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('max_count', sa.BigInteger(), nullable=True),
    sa.Column('count_deal_customers', sa.Boolean(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_crm_holding_limit'))
    )
    with op.batch_alter_table('crm_holding_limit', schema=None) as batch_op:
        batch_op.create_index('ix_crm_holding_limit_created_at', ['created_at', 'id'], unique=False)
        batch_op.create_index('ix_crm_holding_limit_department', ['department'], unique=False)
        batch_op.create_index('ix_crm_holding_limit_kind', ['kind'], unique=False)
        batch_op.create_index('ix_crm_holding_limit_user', ['user'], unique=False)

    op.create_table('crm_invoice_title',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('created_at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('created_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('updated_at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('updated_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('deleted_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('deleted_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('customer', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('title_type', sa.String(length=50), nullable=True),
    sa.Column('invoice_title', sa.String(length=100), nullable=True),
    sa.Column('tax_number', sa.String(length=20), nullable=True),
    sa.Column('bank', sa.String(length=100), nullable=True),
    sa.Column('bank_account', sa.String(length=40), nullable=True),
    sa.Column('address', sa.String(length=255), nullable=True),
    sa.Column('phone', sa.String(length=30), nullable=True),
    sa.Column('is_default', sa.Boolean(), nullable=True),
    sa.Column('remark', sa.String(length=255), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_crm_invoice_title'))
    )
    with op.batch_alter_table('crm_invoice_title', schema=None) as batch_op:
        batch_op.create_index('ix_crm_invoice_title_created_at', ['created_at', 'id'], unique=False)
        batch_op.create_index('ix_crm_invoice_title_customer', ['customer'], unique=False)
        batch_op.create_index('ix_crm_invoice_title_title_type', ['title_type'], unique=False)

    op.create_table('crm_lead',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('created_at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('created_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('updated_at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('updated_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('deleted_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('deleted_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('number', sa.String(length=60), nullable=True),
    sa.Column('owner_department', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('customer_name', sa.String(length=100), nullable=True),
    sa.Column('contact_name', sa.String(length=50), nullable=True),
    sa.Column('contact_title', sa.String(length=50), nullable=True),
    sa.Column('source', sa.String(length=50), nullable=True),
    sa.Column('status', sa.String(length=50), nullable=True),
    sa.Column('industry', sa.String(length=50), nullable=True),
    sa.Column('level', sa.String(length=50), nullable=True),
    sa.Column('expected_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('description', sa.Text(), nullable=True),
    sa.Column('mobile', sa.String(length=30), nullable=True),
    sa.Column('telephone', sa.String(length=30), nullable=True),
    sa.Column('email', sa.String(length=255), nullable=True),
    sa.Column('wechat', sa.String(length=100), nullable=True),
    sa.Column('qq', sa.String(length=20), nullable=True),
    sa.Column('region', sa.String(length=100), nullable=True),
    sa.Column('address', sa.String(length=255), nullable=True),
    sa.Column('owner', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('owner_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('next_contact_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('follow_up_status', sa.Boolean(), nullable=True),
    sa.Column('last_follow_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('last_follow_content', sa.Text(), nullable=True),
    sa.Column('invalid_reason', sa.String(length=50), nullable=True),
    sa.Column('is_converted', sa.Boolean(), nullable=True),
    sa.Column('converted_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('customer', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('contact', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('opportunity', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('remark', sa.Text(), nullable=True),
    sa.Column('attachments', sa.JSON(none_as_null=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_crm_lead'))
    )
    with op.batch_alter_table('crm_lead', schema=None) as batch_op:
        batch_op.create_index('ix_crm_lead_contact', ['contact'], unique=False)
        batch_op.create_index('ix_crm_lead_created_at', ['created_at', 'id'], unique=False)
        batch_op.create_index('ix_crm_lead_customer', ['customer'], unique=False)
        batch_op.create_index('ix_crm_lead_industry', ['industry'], unique=False)
        batch_op.create_index('ix_crm_lead_invalid_reason', ['invalid_reason'], unique=False)
        batch_op.create_index('ix_crm_lead_level', ['level'], unique=False)
        batch_op.create_index('ix_crm_lead_opportunity', ['opportunity'], unique=False)
        batch_op.create_index('ix_crm_lead_owner', ['owner'], unique=False)
        batch_op.create_index('ix_crm_lead_owner_department', ['owner_department'], unique=False)
        batch_op.create_index('ix_crm_lead_source', ['source'], unique=False)
        batch_op.create_index('ix_crm_lead_status', ['status'], unique=False)
        batch_op.create_index('uq_crm_lead_number', ['number'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'), sqlite_where=sa.text('deleted_at IS NULL'))

    op.create_table('crm_opportunity',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('created_at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('created_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('updated_at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('updated_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('deleted_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('deleted_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('number', sa.String(length=60), nullable=True),
    sa.Column('owner_department', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('name', sa.String(length=100), nullable=True),
    sa.Column('customer', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('contact', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('contact_phone', sa.String(length=30), nullable=True),
    sa.Column('stage', sa.String(length=50), nullable=True),
    sa.Column('source', sa.String(length=50), nullable=True),
    sa.Column('type', sa.String(length=50), nullable=True),
    sa.Column('owner', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('win_probability', sa.BigInteger(), nullable=True),
    sa.Column('expected_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('expected_close_date', sa.Date(), nullable=True),
    sa.Column('weighted_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('next_contact_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('follow_up_status', sa.Boolean(), nullable=True),
    sa.Column('last_follow_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('last_follow_content', sa.Text(), nullable=True),
    sa.Column('stage_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('end_status', sa.String(length=50), nullable=True),
    sa.Column('lost_reason', sa.String(length=50), nullable=True),
    sa.Column('end_remark', sa.Text(), nullable=True),
    sa.Column('closed_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('lead', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('quotation_count', sa.BigInteger(), nullable=True),
    sa.Column('competitors', sa.String(length=255), nullable=True),
    sa.Column('description', sa.Text(), nullable=True),
    sa.Column('remark', sa.Text(), nullable=True),
    sa.Column('attachments', sa.JSON(none_as_null=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_crm_opportunity'))
    )
    with op.batch_alter_table('crm_opportunity', schema=None) as batch_op:
        batch_op.create_index('ix_crm_opportunity_contact', ['contact'], unique=False)
        batch_op.create_index('ix_crm_opportunity_created_at', ['created_at', 'id'], unique=False)
        batch_op.create_index('ix_crm_opportunity_customer', ['customer'], unique=False)
        batch_op.create_index('ix_crm_opportunity_end_status', ['end_status'], unique=False)
        batch_op.create_index('ix_crm_opportunity_lead', ['lead'], unique=False)
        batch_op.create_index('ix_crm_opportunity_lost_reason', ['lost_reason'], unique=False)
        batch_op.create_index('ix_crm_opportunity_owner', ['owner'], unique=False)
        batch_op.create_index('ix_crm_opportunity_owner_department', ['owner_department'], unique=False)
        batch_op.create_index('ix_crm_opportunity_source', ['source'], unique=False)
        batch_op.create_index('ix_crm_opportunity_stage', ['stage'], unique=False)
        batch_op.create_index('ix_crm_opportunity_type', ['type'], unique=False)
        batch_op.create_index('uq_crm_opportunity_number', ['number'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'), sqlite_where=sa.text('deleted_at IS NULL'))

    op.create_table('crm_opportunity_stage',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('created_at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('created_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('updated_at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('updated_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('deleted_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('deleted_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('summary', sa.String(length=200), nullable=True),
    sa.Column('opportunity', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('from_stage', sa.String(length=50), nullable=True),
    sa.Column('to_stage', sa.String(length=50), nullable=True),
    sa.Column('probability', sa.BigInteger(), nullable=True),
    sa.Column('amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('days_in_stage', sa.BigInteger(), nullable=True),
    sa.Column('at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_crm_opportunity_stage'))
    )
    with op.batch_alter_table('crm_opportunity_stage', schema=None) as batch_op:
        batch_op.create_index('ix_crm_opportunity_stage_by', ['by'], unique=False)
        batch_op.create_index('ix_crm_opportunity_stage_created_at', ['created_at', 'id'], unique=False)
        batch_op.create_index('ix_crm_opportunity_stage_from_stage', ['from_stage'], unique=False)
        batch_op.create_index('ix_crm_opportunity_stage_opportunity', ['opportunity'], unique=False)
        batch_op.create_index('ix_crm_opportunity_stage_to_stage', ['to_stage'], unique=False)

    op.create_table('crm_owner_history',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('created_at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('created_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('updated_at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('updated_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('deleted_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('deleted_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('summary', sa.String(length=200), nullable=True),
    sa.Column('customer', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('lead', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('action', sa.String(length=50), nullable=True),
    sa.Column('prev_owner', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('new_owner', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('reason', sa.String(length=200), nullable=True),
    sa.Column('at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('rule', sa.String(length=50), nullable=True),
    sa.Column('rule_version', sa.BigInteger(), nullable=True),
    sa.Column('inputs', sa.Text(), nullable=True),
    sa.Column('run', sa.String(length=100), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_crm_owner_history'))
    )
    with op.batch_alter_table('crm_owner_history', schema=None) as batch_op:
        batch_op.create_index('ix_crm_owner_history_action', ['action'], unique=False)
        batch_op.create_index('ix_crm_owner_history_by', ['by'], unique=False)
        batch_op.create_index('ix_crm_owner_history_created_at', ['created_at', 'id'], unique=False)
        batch_op.create_index('ix_crm_owner_history_customer', ['customer'], unique=False)
        batch_op.create_index('ix_crm_owner_history_lead', ['lead'], unique=False)
        batch_op.create_index('ix_crm_owner_history_new_owner', ['new_owner'], unique=False)
        batch_op.create_index('ix_crm_owner_history_prev_owner', ['prev_owner'], unique=False)
        batch_op.create_index('ix_crm_owner_history_rule', ['rule'], unique=False)

    op.create_table('crm_opportunity_lines',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('record_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('product', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('product_name', sa.String(length=100), nullable=True),
    sa.Column('quantity', lowcode.api.FixedDecimal(18, 3), nullable=True),
    sa.Column('unit_price', lowcode.api.FixedDecimal(18, 4), nullable=True),
    sa.Column('unit', sa.String(length=50), nullable=True),
    sa.Column('list_price', lowcode.api.FixedDecimal(18, 4), nullable=True),
    sa.Column('subtotal', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.ForeignKeyConstraint(['record_id'], ['crm_opportunity.id'], name='fk_crm_opportunity_lines_record', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_crm_opportunity_lines'))
    )
    with op.batch_alter_table('crm_opportunity_lines', schema=None) as batch_op:
        batch_op.create_index('ix_crm_opportunity_lines_product', ['product'], unique=False)
        batch_op.create_index('ix_crm_opportunity_lines_record_id', ['record_id', 'position'], unique=False)

    with op.batch_alter_table('crm_customer', schema=None) as batch_op:
        batch_op.add_column(sa.Column('claimed_on', sa.Date(), nullable=True))
        batch_op.add_column(sa.Column('lead', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.add_column(sa.Column('opportunity_count', sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column('open_opportunity_count', sa.BigInteger(), nullable=True))
        batch_op.create_index('ix_crm_customer_lead', ['lead'], unique=False)
    op.execute("UPDATE crm_customer SET opportunity_count = 0, open_opportunity_count = 0")

    with op.batch_alter_table('crm_contact', schema=None) as batch_op:
        batch_op.add_column(sa.Column('lead', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.create_index('ix_crm_contact_lead', ['lead'], unique=False)

    with op.batch_alter_table('crm_quotation', schema=None) as batch_op:
        batch_op.add_column(sa.Column('opportunity', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.create_index('ix_crm_quotation_opportunity', ['opportunity'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('crm_quotation', schema=None) as batch_op:
        batch_op.drop_index('ix_crm_quotation_opportunity')
        batch_op.drop_column('opportunity')

    with op.batch_alter_table('crm_contact', schema=None) as batch_op:
        batch_op.drop_index('ix_crm_contact_lead')
        batch_op.drop_column('lead')

    with op.batch_alter_table('crm_customer', schema=None) as batch_op:
        batch_op.drop_index('ix_crm_customer_lead')
        batch_op.drop_column('open_opportunity_count')
        batch_op.drop_column('opportunity_count')
        batch_op.drop_column('lead')
        batch_op.drop_column('claimed_on')

    with op.batch_alter_table('crm_opportunity_lines', schema=None) as batch_op:
        batch_op.drop_index('ix_crm_opportunity_lines_record_id')
        batch_op.drop_index('ix_crm_opportunity_lines_product')

    op.drop_table('crm_opportunity_lines')
    with op.batch_alter_table('crm_owner_history', schema=None) as batch_op:
        batch_op.drop_index('ix_crm_owner_history_rule')
        batch_op.drop_index('ix_crm_owner_history_prev_owner')
        batch_op.drop_index('ix_crm_owner_history_new_owner')
        batch_op.drop_index('ix_crm_owner_history_lead')
        batch_op.drop_index('ix_crm_owner_history_customer')
        batch_op.drop_index('ix_crm_owner_history_created_at')
        batch_op.drop_index('ix_crm_owner_history_by')
        batch_op.drop_index('ix_crm_owner_history_action')

    op.drop_table('crm_owner_history')
    with op.batch_alter_table('crm_opportunity_stage', schema=None) as batch_op:
        batch_op.drop_index('ix_crm_opportunity_stage_to_stage')
        batch_op.drop_index('ix_crm_opportunity_stage_opportunity')
        batch_op.drop_index('ix_crm_opportunity_stage_from_stage')
        batch_op.drop_index('ix_crm_opportunity_stage_created_at')
        batch_op.drop_index('ix_crm_opportunity_stage_by')

    op.drop_table('crm_opportunity_stage')
    with op.batch_alter_table('crm_opportunity', schema=None) as batch_op:
        batch_op.drop_index('uq_crm_opportunity_number', postgresql_where=sa.text('deleted_at IS NULL'), sqlite_where=sa.text('deleted_at IS NULL'))
        batch_op.drop_index('ix_crm_opportunity_type')
        batch_op.drop_index('ix_crm_opportunity_stage')
        batch_op.drop_index('ix_crm_opportunity_source')
        batch_op.drop_index('ix_crm_opportunity_owner_department')
        batch_op.drop_index('ix_crm_opportunity_owner')
        batch_op.drop_index('ix_crm_opportunity_lost_reason')
        batch_op.drop_index('ix_crm_opportunity_lead')
        batch_op.drop_index('ix_crm_opportunity_end_status')
        batch_op.drop_index('ix_crm_opportunity_customer')
        batch_op.drop_index('ix_crm_opportunity_created_at')
        batch_op.drop_index('ix_crm_opportunity_contact')

    op.drop_table('crm_opportunity')
    with op.batch_alter_table('crm_lead', schema=None) as batch_op:
        batch_op.drop_index('uq_crm_lead_number', postgresql_where=sa.text('deleted_at IS NULL'), sqlite_where=sa.text('deleted_at IS NULL'))
        batch_op.drop_index('ix_crm_lead_status')
        batch_op.drop_index('ix_crm_lead_source')
        batch_op.drop_index('ix_crm_lead_owner_department')
        batch_op.drop_index('ix_crm_lead_owner')
        batch_op.drop_index('ix_crm_lead_opportunity')
        batch_op.drop_index('ix_crm_lead_level')
        batch_op.drop_index('ix_crm_lead_invalid_reason')
        batch_op.drop_index('ix_crm_lead_industry')
        batch_op.drop_index('ix_crm_lead_customer')
        batch_op.drop_index('ix_crm_lead_created_at')
        batch_op.drop_index('ix_crm_lead_contact')

    op.drop_table('crm_lead')
    with op.batch_alter_table('crm_invoice_title', schema=None) as batch_op:
        batch_op.drop_index('ix_crm_invoice_title_title_type')
        batch_op.drop_index('ix_crm_invoice_title_customer')
        batch_op.drop_index('ix_crm_invoice_title_created_at')

    op.drop_table('crm_invoice_title')
    with op.batch_alter_table('crm_holding_limit', schema=None) as batch_op:
        batch_op.drop_index('ix_crm_holding_limit_user')
        batch_op.drop_index('ix_crm_holding_limit_kind')
        batch_op.drop_index('ix_crm_holding_limit_department')
        batch_op.drop_index('ix_crm_holding_limit_created_at')

    op.drop_table('crm_holding_limit')
    with op.batch_alter_table('crm_follow_up', schema=None) as batch_op:
        batch_op.drop_index('ix_crm_follow_up_owner_department')
        batch_op.drop_index('ix_crm_follow_up_owner')
        batch_op.drop_index('ix_crm_follow_up_origin')
        batch_op.drop_index('ix_crm_follow_up_opportunity')
        batch_op.drop_index('ix_crm_follow_up_object_type')
        batch_op.drop_index('ix_crm_follow_up_method')
        batch_op.drop_index('ix_crm_follow_up_lead')
        batch_op.drop_index('ix_crm_follow_up_customer')
        batch_op.drop_index('ix_crm_follow_up_created_at')
        batch_op.drop_index('ix_crm_follow_up_contact')

    op.drop_table('crm_follow_up')
