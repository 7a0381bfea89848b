"""First forms."""

import lowcode.api
import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('crm_contact',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('created_at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('created_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('updated_at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('updated_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('deleted_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('deleted_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('owner_department', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('name', sa.String(length=50), nullable=True),
    sa.Column('customer', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('is_primary', sa.Boolean(), nullable=True),
    sa.Column('title', sa.String(length=50), nullable=True),
    sa.Column('gender', sa.String(length=50), nullable=True),
    sa.Column('is_decision_maker', sa.Boolean(), nullable=True),
    sa.Column('parent_contact', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('status', sa.String(length=50), nullable=True),
    sa.Column('owner', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('mobile', sa.String(length=30), nullable=True),
    sa.Column('telephone', sa.String(length=30), nullable=True),
    sa.Column('email', sa.String(length=255), nullable=True),
    sa.Column('wechat', sa.String(length=100), nullable=True),
    sa.Column('qq', sa.String(length=20), nullable=True),
    sa.Column('region', sa.String(length=100), nullable=True),
    sa.Column('address', sa.String(length=255), nullable=True),
    sa.Column('next_contact_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('remark', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_crm_contact'))
    )
    with op.batch_alter_table('crm_contact', schema=None) as batch_op:
        batch_op.create_index('ix_crm_contact_created_at', ['created_at', 'id'], unique=False)
        batch_op.create_index('ix_crm_contact_customer', ['customer'], unique=False)
        batch_op.create_index('ix_crm_contact_gender', ['gender'], unique=False)
        batch_op.create_index('ix_crm_contact_owner', ['owner'], unique=False)
        batch_op.create_index('ix_crm_contact_owner_department', ['owner_department'], unique=False)
        batch_op.create_index('ix_crm_contact_parent_contact', ['parent_contact'], unique=False)
        batch_op.create_index('ix_crm_contact_status', ['status'], unique=False)

    op.create_table('crm_customer',
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
    sa.Column('short_name', sa.String(length=50), nullable=True),
    sa.Column('credit_code', sa.String(length=18), nullable=True),
    sa.Column('customer_type', sa.String(length=50), nullable=True),
    sa.Column('status', sa.String(length=50), nullable=True),
    sa.Column('level', sa.String(length=50), nullable=True),
    sa.Column('source', sa.String(length=50), nullable=True),
    sa.Column('industry', sa.String(length=50), nullable=True),
    sa.Column('primary_contact', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('mobile', sa.String(length=30), nullable=True),
    sa.Column('telephone', sa.String(length=30), nullable=True),
    sa.Column('email', sa.String(length=255), nullable=True),
    sa.Column('wechat', sa.String(length=100), nullable=True),
    sa.Column('website', sa.String(length=500), nullable=True),
    sa.Column('region', sa.String(length=100), nullable=True),
    sa.Column('address', sa.String(length=255), nullable=True),
    sa.Column('owner', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('owner_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('is_locked', sa.Boolean(), nullable=True),
    sa.Column('lock_until', sa.Date(), nullable=True),
    sa.Column('prev_owner', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('pool_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('pool_reason', sa.String(length=200), nullable=True),
    sa.Column('deal_status', sa.Boolean(), nullable=True),
    sa.Column('deal_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('follow_up_status', sa.Boolean(), nullable=True),
    sa.Column('last_follow_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('last_follow_content', sa.Text(), nullable=True),
    sa.Column('next_contact_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('contact_count', sa.BigInteger(), nullable=True),
    sa.Column('quotation_count', sa.BigInteger(), nullable=True),
    sa.Column('remark', sa.Text(), nullable=True),
    sa.Column('attachments', sa.JSON(none_as_null=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_crm_customer'))
    )
    with op.batch_alter_table('crm_customer', schema=None) as batch_op:
        batch_op.create_index('ix_crm_customer_created_at', ['created_at', 'id'], unique=False)
        batch_op.create_index('ix_crm_customer_customer_type', ['customer_type'], unique=False)
        batch_op.create_index('ix_crm_customer_industry', ['industry'], unique=False)
        batch_op.create_index('ix_crm_customer_level', ['level'], unique=False)
        batch_op.create_index('ix_crm_customer_owner', ['owner'], unique=False)
        batch_op.create_index('ix_crm_customer_owner_department', ['owner_department'], unique=False)
        batch_op.create_index('ix_crm_customer_prev_owner', ['prev_owner'], unique=False)
        batch_op.create_index('ix_crm_customer_primary_contact', ['primary_contact'], unique=False)
        batch_op.create_index('ix_crm_customer_source', ['source'], unique=False)
        batch_op.create_index('ix_crm_customer_status', ['status'], unique=False)
        batch_op.create_index('uq_crm_customer_credit_code', ['credit_code'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'), sqlite_where=sa.text('deleted_at IS NULL'))
        batch_op.create_index('uq_crm_customer_name', ['name'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'), sqlite_where=sa.text('deleted_at IS NULL'))
        batch_op.create_index('uq_crm_customer_number', ['number'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'), sqlite_where=sa.text('deleted_at IS NULL'))

    op.create_table('crm_product',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('created_at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('created_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('updated_at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('updated_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('deleted_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('deleted_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('owner_department', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('code', sa.String(length=50), nullable=True),
    sa.Column('name', sa.String(length=100), nullable=True),
    sa.Column('category', sa.String(length=50), nullable=True),
    sa.Column('spec', sa.String(length=200), nullable=True),
    sa.Column('unit', sa.String(length=50), nullable=True),
    sa.Column('owner', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('status', sa.String(length=50), nullable=True),
    sa.Column('reference_price', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('min_price', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('cost_price', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('tax_rate', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('surtax_rate', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('stock_qty', lowcode.api.FixedDecimal(18, 3), nullable=True),
    sa.Column('safety_stock', lowcode.api.FixedDecimal(18, 3), nullable=True),
    sa.Column('image', sa.String(length=32), nullable=True),
    sa.Column('remark', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_crm_product'))
    )
    with op.batch_alter_table('crm_product', schema=None) as batch_op:
        batch_op.create_index('ix_crm_product_category', ['category'], unique=False)
        batch_op.create_index('ix_crm_product_created_at', ['created_at', 'id'], unique=False)
        batch_op.create_index('ix_crm_product_owner', ['owner'], unique=False)
        batch_op.create_index('ix_crm_product_owner_department', ['owner_department'], unique=False)
        batch_op.create_index('ix_crm_product_status', ['status'], unique=False)
        batch_op.create_index('ix_crm_product_unit', ['unit'], unique=False)
        batch_op.create_index('uq_crm_product_code', ['code'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'), sqlite_where=sa.text('deleted_at IS NULL'))

    op.create_table('crm_quotation',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('created_at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('created_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('updated_at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('updated_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('deleted_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('deleted_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('number', sa.String(length=60), nullable=True),
    sa.Column('status', sa.String(length=50), nullable=True),
    sa.Column('owner_department', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('name', sa.String(length=100), nullable=True),
    sa.Column('customer', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('contact', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('contact_phone', sa.String(length=30), nullable=True),
    sa.Column('quote_date', sa.Date(), nullable=True),
    sa.Column('valid_until', sa.Date(), nullable=True),
    sa.Column('owner', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('revision', sa.BigInteger(), nullable=True),
    sa.Column('parent_quote', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('total_quantity', lowcode.api.FixedDecimal(18, 3), nullable=True),
    sa.Column('gross_total', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('discount_total', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('net_total', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('tax_total', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('total_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('terms', sa.Text(), nullable=True),
    sa.Column('remark', sa.Text(), nullable=True),
    sa.Column('attachments', sa.JSON(none_as_null=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_crm_quotation'))
    )
    with op.batch_alter_table('crm_quotation', schema=None) as batch_op:
        batch_op.create_index('ix_crm_quotation_contact', ['contact'], unique=False)
        batch_op.create_index('ix_crm_quotation_created_at', ['created_at', 'id'], unique=False)
        batch_op.create_index('ix_crm_quotation_customer', ['customer'], unique=False)
        batch_op.create_index('ix_crm_quotation_owner', ['owner'], unique=False)
        batch_op.create_index('ix_crm_quotation_owner_department', ['owner_department'], unique=False)
        batch_op.create_index('ix_crm_quotation_parent_quote', ['parent_quote'], unique=False)
        batch_op.create_index('ix_crm_quotation_status', ['status'], unique=False)
        batch_op.create_index('uq_crm_quotation_number', ['number'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'), sqlite_where=sa.text('deleted_at IS NULL'))

    op.create_table('crm_quotation_lines',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('record_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('product', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('product_code', sa.String(length=50), nullable=True),
    sa.Column('product_name', sa.String(length=100), nullable=True),
    sa.Column('spec', sa.String(length=200), nullable=True),
    sa.Column('unit', sa.String(length=50), nullable=True),
    sa.Column('list_price', lowcode.api.FixedDecimal(18, 4), nullable=True),
    sa.Column('quantity', lowcode.api.FixedDecimal(18, 3), nullable=True),
    sa.Column('unit_price', lowcode.api.FixedDecimal(18, 4), nullable=True),
    sa.Column('discount_rate', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('tax_rate', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('gross_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('discounted_price', lowcode.api.FixedDecimal(18, 4), nullable=True),
    sa.Column('discount_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('subtotal', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('net_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('tax_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('delivery_date', sa.Date(), nullable=True),
    sa.Column('remark', sa.String(length=255), nullable=True),
    sa.ForeignKeyConstraint(['record_id'], ['crm_quotation.id'], name='fk_crm_quotation_lines_record', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_crm_quotation_lines'))
    )
    with op.batch_alter_table('crm_quotation_lines', schema=None) as batch_op:
        batch_op.create_index('ix_crm_quotation_lines_product', ['product'], unique=False)
        batch_op.create_index('ix_crm_quotation_lines_record_id', ['record_id', 'position'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('crm_quotation_lines', schema=None) as batch_op:
        batch_op.drop_index('ix_crm_quotation_lines_record_id')
        batch_op.drop_index('ix_crm_quotation_lines_product')

    op.drop_table('crm_quotation_lines')
    with op.batch_alter_table('crm_quotation', schema=None) as batch_op:
        batch_op.drop_index('uq_crm_quotation_number', postgresql_where=sa.text('deleted_at IS NULL'), sqlite_where=sa.text('deleted_at IS NULL'))
        batch_op.drop_index('ix_crm_quotation_status')
        batch_op.drop_index('ix_crm_quotation_parent_quote')
        batch_op.drop_index('ix_crm_quotation_owner_department')
        batch_op.drop_index('ix_crm_quotation_owner')
        batch_op.drop_index('ix_crm_quotation_customer')
        batch_op.drop_index('ix_crm_quotation_created_at')
        batch_op.drop_index('ix_crm_quotation_contact')

    op.drop_table('crm_quotation')
    with op.batch_alter_table('crm_product', schema=None) as batch_op:
        batch_op.drop_index('uq_crm_product_code', postgresql_where=sa.text('deleted_at IS NULL'), sqlite_where=sa.text('deleted_at IS NULL'))
        batch_op.drop_index('ix_crm_product_unit')
        batch_op.drop_index('ix_crm_product_status')
        batch_op.drop_index('ix_crm_product_owner_department')
        batch_op.drop_index('ix_crm_product_owner')
        batch_op.drop_index('ix_crm_product_created_at')
        batch_op.drop_index('ix_crm_product_category')

    op.drop_table('crm_product')
    with op.batch_alter_table('crm_customer', schema=None) as batch_op:
        batch_op.drop_index('uq_crm_customer_number', postgresql_where=sa.text('deleted_at IS NULL'), sqlite_where=sa.text('deleted_at IS NULL'))
        batch_op.drop_index('uq_crm_customer_name', postgresql_where=sa.text('deleted_at IS NULL'), sqlite_where=sa.text('deleted_at IS NULL'))
        batch_op.drop_index('uq_crm_customer_credit_code', postgresql_where=sa.text('deleted_at IS NULL'), sqlite_where=sa.text('deleted_at IS NULL'))
        batch_op.drop_index('ix_crm_customer_status')
        batch_op.drop_index('ix_crm_customer_source')
        batch_op.drop_index('ix_crm_customer_primary_contact')
        batch_op.drop_index('ix_crm_customer_prev_owner')
        batch_op.drop_index('ix_crm_customer_owner_department')
        batch_op.drop_index('ix_crm_customer_owner')
        batch_op.drop_index('ix_crm_customer_level')
        batch_op.drop_index('ix_crm_customer_industry')
        batch_op.drop_index('ix_crm_customer_customer_type')
        batch_op.drop_index('ix_crm_customer_created_at')

    op.drop_table('crm_customer')
    with op.batch_alter_table('crm_contact', schema=None) as batch_op:
        batch_op.drop_index('ix_crm_contact_status')
        batch_op.drop_index('ix_crm_contact_parent_contact')
        batch_op.drop_index('ix_crm_contact_owner_department')
        batch_op.drop_index('ix_crm_contact_owner')
        batch_op.drop_index('ix_crm_contact_gender')
        batch_op.drop_index('ix_crm_contact_customer')
        batch_op.drop_index('ix_crm_contact_created_at')

    op.drop_table('crm_contact')
