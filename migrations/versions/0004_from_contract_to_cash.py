"""From contract to cash."""

import lowcode.api
import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('crm_contract',
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
    sa.Column('quotation', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('customer', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('contract_type', sa.String(length=50), nullable=True),
    sa.Column('opportunity', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('owner', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('sign_contact', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('sign_user', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('sign_date', sa.Date(), nullable=True),
    sa.Column('start_date', sa.Date(), nullable=True),
    sa.Column('end_date', sa.Date(), nullable=True),
    sa.Column('payment_method', sa.String(length=50), nullable=True),
    sa.Column('prepay_ratio', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('prepay_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('retention_ratio', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('retention_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('warranty_months', sa.BigInteger(), nullable=True),
    sa.Column('warranty_end_date', sa.Date(), nullable=True),
    sa.Column('credit_days', sa.BigInteger(), nullable=True),
    sa.Column('invoice_type', sa.String(length=50), nullable=True),
    sa.Column('invoice_title', sa.String(length=100), nullable=True),
    sa.Column('tax_number', sa.String(length=20), nullable=True),
    sa.Column('invoice_address', sa.String(length=255), nullable=True),
    sa.Column('invoice_phone', sa.String(length=30), nullable=True),
    sa.Column('bank_name', sa.String(length=100), nullable=True),
    sa.Column('bank_account', sa.String(length=40), nullable=True),
    sa.Column('invoice_cap', sa.String(length=50), nullable=True),
    sa.Column('delivery_date', sa.Date(), nullable=True),
    sa.Column('receiver_name', sa.String(length=50), nullable=True),
    sa.Column('receiver_phone', sa.String(length=30), nullable=True),
    sa.Column('receiver_address', sa.String(length=255), nullable=True),
    sa.Column('total_quantity', lowcode.api.FixedDecimal(18, 3), nullable=True),
    sa.Column('gross_total', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('discount_total', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('net_total', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('tax_total', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('total_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('rounding_policy', sa.String(length=50), nullable=True),
    sa.Column('deviates', sa.Boolean(), nullable=True),
    sa.Column('deviation', sa.Text(), nullable=True),
    sa.Column('received_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('unreceived_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('pending_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('invoiced_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('uninvoiced_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('applied_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('order_count', sa.BigInteger(), nullable=True),
    sa.Column('effective_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('effective_on', sa.Date(), nullable=True),
    sa.Column('ended_on', sa.Date(), nullable=True),
    sa.Column('end_reason', sa.Text(), nullable=True),
    sa.Column('attachments', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('signed_files', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('remark', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_crm_contract')),
    info={'searched': ('number', 'name'), 'ordered': (('end_date', True), ('sign_date', True), ('unreceived_amount', True))}
    )
    with op.batch_alter_table('crm_contract', schema=None) as batch_op:
        batch_op.create_index('ix_crm_contract_contract_type', ['contract_type'], unique=False)
        batch_op.create_index('ix_crm_contract_created_at', ['created_at', 'id'], unique=False)
        batch_op.create_index('ix_crm_contract_customer', ['customer'], unique=False)
        batch_op.create_index('ix_crm_contract_invoice_cap', ['invoice_cap'], unique=False)
        batch_op.create_index('ix_crm_contract_invoice_type', ['invoice_type'], unique=False)
        batch_op.create_index('ix_crm_contract_opportunity', ['opportunity'], unique=False)
        batch_op.create_index('ix_crm_contract_owner', ['owner'], unique=False)
        batch_op.create_index('ix_crm_contract_owner_department', ['owner_department'], unique=False)
        batch_op.create_index('ix_crm_contract_payment_method', ['payment_method'], unique=False)
        batch_op.create_index('ix_crm_contract_quotation', ['quotation'], unique=False)
        batch_op.create_index('ix_crm_contract_rounding_policy', ['rounding_policy'], unique=False)
        batch_op.create_index('ix_crm_contract_sign_contact', ['sign_contact'], unique=False)
        batch_op.create_index('ix_crm_contract_sign_user', ['sign_user'], unique=False)
        batch_op.create_index('ix_crm_contract_status', ['status'], unique=False)
        batch_op.create_index('uq_crm_contract_number', ['number'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'), sqlite_where=sa.text('deleted_at IS NULL'))

    op.create_table('crm_contract_change',
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
    sa.Column('contract', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('name', sa.String(length=200), nullable=True),
    sa.Column('customer', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('owner', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('differences', sa.Text(), nullable=True),
    sa.Column('effective_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('basis', sa.String(length=32), nullable=True),
    sa.Column('delivery_date', sa.Date(), nullable=True),
    sa.Column('end_date', sa.Date(), nullable=True),
    sa.Column('payment_method', sa.String(length=50), nullable=True),
    sa.Column('prepay_ratio', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('retention_ratio', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('warranty_months', sa.BigInteger(), nullable=True),
    sa.Column('warranty_end_date', sa.Date(), nullable=True),
    sa.Column('credit_days', sa.BigInteger(), nullable=True),
    sa.Column('total_quantity', lowcode.api.FixedDecimal(18, 3), nullable=True),
    sa.Column('gross_total', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('discount_total', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('net_total', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('tax_total', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('total_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('old_total', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('rounding_policy', sa.String(length=50), nullable=True),
    sa.Column('attachments', sa.JSON(none_as_null=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_crm_contract_change')),
    info={'searched': ('number', 'name'), 'ordered': ()}
    )
    with op.batch_alter_table('crm_contract_change', schema=None) as batch_op:
        batch_op.create_index('ix_crm_contract_change_contract', ['contract'], unique=False)
        batch_op.create_index('ix_crm_contract_change_created_at', ['created_at', 'id'], unique=False)
        batch_op.create_index('ix_crm_contract_change_customer', ['customer'], unique=False)
        batch_op.create_index('ix_crm_contract_change_owner', ['owner'], unique=False)
        batch_op.create_index('ix_crm_contract_change_owner_department', ['owner_department'], unique=False)
        batch_op.create_index('ix_crm_contract_change_payment_method', ['payment_method'], unique=False)
        batch_op.create_index('ix_crm_contract_change_rounding_policy', ['rounding_policy'], unique=False)
        batch_op.create_index('ix_crm_contract_change_status', ['status'], unique=False)
        batch_op.create_index('uq_crm_contract_change_number', ['number'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'), sqlite_where=sa.text('deleted_at IS NULL'))

    op.create_table('crm_invoice',
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
    sa.Column('contract', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('name', sa.String(length=200), nullable=True),
    sa.Column('customer', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('contract_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('owner', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('applied_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('invoice_type', sa.String(length=50), nullable=True),
    sa.Column('amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('tax_rate', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('net_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('tax_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('title_type', sa.String(length=50), nullable=True),
    sa.Column('invoice_title', sa.String(length=100), nullable=True),
    sa.Column('tax_number', sa.String(length=20), nullable=True),
    sa.Column('bank_name', sa.String(length=100), nullable=True),
    sa.Column('bank_account', sa.String(length=40), nullable=True),
    sa.Column('invoice_address', sa.String(length=255), nullable=True),
    sa.Column('invoice_phone', sa.String(length=30), nullable=True),
    sa.Column('invoice_code', sa.String(length=20), nullable=True),
    sa.Column('invoice_no', sa.String(length=30), nullable=True),
    sa.Column('issued_at', sa.Date(), nullable=True),
    sa.Column('files', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('red_of', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('red_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('receiver_name', sa.String(length=50), nullable=True),
    sa.Column('receiver_phone', sa.String(length=30), nullable=True),
    sa.Column('mail_address', sa.String(length=255), nullable=True),
    sa.Column('email', sa.String(length=255), nullable=True),
    sa.Column('courier', sa.String(length=50), nullable=True),
    sa.Column('tracking_no', sa.String(length=40), nullable=True),
    sa.Column('mailed_at', sa.Date(), nullable=True),
    sa.Column('signed_at', sa.Date(), nullable=True),
    sa.Column('remark', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_crm_invoice')),
    info={'searched': ('number', 'name', 'invoice_no'), 'ordered': (('applied_at', False),)}
    )
    with op.batch_alter_table('crm_invoice', schema=None) as batch_op:
        batch_op.create_index('ix_crm_invoice_contract', ['contract'], unique=False)
        batch_op.create_index('ix_crm_invoice_courier', ['courier'], unique=False)
        batch_op.create_index('ix_crm_invoice_created_at', ['created_at', 'id'], unique=False)
        batch_op.create_index('ix_crm_invoice_customer', ['customer'], unique=False)
        batch_op.create_index('ix_crm_invoice_invoice_type', ['invoice_type'], unique=False)
        batch_op.create_index('ix_crm_invoice_owner', ['owner'], unique=False)
        batch_op.create_index('ix_crm_invoice_owner_department', ['owner_department'], unique=False)
        batch_op.create_index('ix_crm_invoice_red_of', ['red_of'], unique=False)
        batch_op.create_index('ix_crm_invoice_status', ['status'], unique=False)
        batch_op.create_index('ix_crm_invoice_title_type', ['title_type'], unique=False)
        batch_op.create_index('uq_crm_invoice_invoice_no', ['invoice_no'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'), sqlite_where=sa.text('deleted_at IS NULL'))
        batch_op.create_index('uq_crm_invoice_number', ['number'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'), sqlite_where=sa.text('deleted_at IS NULL'))

    op.create_table('crm_order',
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
    sa.Column('contract', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('contract_name', sa.String(length=100), nullable=True),
    sa.Column('name', sa.String(length=200), nullable=True),
    sa.Column('customer', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('owner', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('order_date', sa.Date(), nullable=True),
    sa.Column('delivery_date', sa.Date(), nullable=True),
    sa.Column('receiver_name', sa.String(length=50), nullable=True),
    sa.Column('receiver_phone', sa.String(length=30), nullable=True),
    sa.Column('receiver_address', sa.String(length=255), nullable=True),
    sa.Column('total_quantity', lowcode.api.FixedDecimal(18, 3), nullable=True),
    sa.Column('gross_total', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('discount_total', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('net_total', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('tax_total', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('total_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('deviates', sa.Boolean(), nullable=True),
    sa.Column('deviation', sa.Text(), nullable=True),
    sa.Column('rounding_policy', sa.String(length=50), nullable=True),
    sa.Column('progress_status', sa.String(length=50), nullable=True),
    sa.Column('production_progress', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('progress_text', sa.String(length=200), nullable=True),
    sa.Column('external_no', sa.String(length=100), nullable=True),
    sa.Column('synced_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('shipping_status', sa.String(length=50), nullable=True),
    sa.Column('shipment_count', sa.BigInteger(), nullable=True),
    sa.Column('cancel_reason', sa.Text(), nullable=True),
    sa.Column('remark', sa.Text(), nullable=True),
    sa.Column('attachments', sa.JSON(none_as_null=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_crm_order')),
    info={'searched': ('number', 'name'), 'ordered': ()}
    )
    with op.batch_alter_table('crm_order', schema=None) as batch_op:
        batch_op.create_index('ix_crm_order_contract', ['contract'], unique=False)
        batch_op.create_index('ix_crm_order_created_at', ['created_at', 'id'], unique=False)
        batch_op.create_index('ix_crm_order_customer', ['customer'], unique=False)
        batch_op.create_index('ix_crm_order_owner', ['owner'], unique=False)
        batch_op.create_index('ix_crm_order_owner_department', ['owner_department'], unique=False)
        batch_op.create_index('ix_crm_order_progress_status', ['progress_status'], unique=False)
        batch_op.create_index('ix_crm_order_rounding_policy', ['rounding_policy'], unique=False)
        batch_op.create_index('ix_crm_order_shipping_status', ['shipping_status'], unique=False)
        batch_op.create_index('ix_crm_order_status', ['status'], unique=False)
        batch_op.create_index('uq_crm_order_number', ['number'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'), sqlite_where=sa.text('deleted_at IS NULL'))

    op.create_table('crm_payment',
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
    sa.Column('contract', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('name', sa.String(length=200), nullable=True),
    sa.Column('customer', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('owner', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('paid_at', sa.Date(), nullable=True),
    sa.Column('method', sa.String(length=50), nullable=True),
    sa.Column('stage', sa.String(length=50), nullable=True),
    sa.Column('plan', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('payer', sa.String(length=100), nullable=True),
    sa.Column('voucher_no', sa.String(length=100), nullable=True),
    sa.Column('account', sa.String(length=100), nullable=True),
    sa.Column('confirmed_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('confirmed_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('reverses', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('reversal', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('reverse_reason', sa.Text(), nullable=True),
    sa.Column('allocated_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('attachments', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('remark', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_crm_payment')),
    info={'searched': ('number', 'name', 'voucher_no'), 'ordered': (('paid_at', False),)}
    )
    with op.batch_alter_table('crm_payment', schema=None) as batch_op:
        batch_op.create_index('ix_crm_payment_confirmed_by', ['confirmed_by'], unique=False)
        batch_op.create_index('ix_crm_payment_contract', ['contract'], unique=False)
        batch_op.create_index('ix_crm_payment_created_at', ['created_at', 'id'], unique=False)
        batch_op.create_index('ix_crm_payment_customer', ['customer'], unique=False)
        batch_op.create_index('ix_crm_payment_method', ['method'], unique=False)
        batch_op.create_index('ix_crm_payment_owner', ['owner'], unique=False)
        batch_op.create_index('ix_crm_payment_owner_department', ['owner_department'], unique=False)
        batch_op.create_index('ix_crm_payment_plan', ['plan'], unique=False)
        batch_op.create_index('ix_crm_payment_reversal', ['reversal'], unique=False)
        batch_op.create_index('ix_crm_payment_reverses', ['reverses'], unique=False)
        batch_op.create_index('ix_crm_payment_stage', ['stage'], unique=False)
        batch_op.create_index('ix_crm_payment_status', ['status'], unique=False)
        batch_op.create_index('uq_crm_payment_number', ['number'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'), sqlite_where=sa.text('deleted_at IS NULL'))

    op.create_table('crm_payment_allocation',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('created_at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('created_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('updated_at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('updated_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('deleted_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('deleted_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('name', sa.String(length=200), nullable=True),
    sa.Column('payment', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('plan', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('contract', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('customer', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('owner', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('department', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('allocated_on', sa.Date(), nullable=True),
    sa.Column('due_date', sa.Date(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_crm_payment_allocation')),
    info={'searched': ('name',), 'ordered': (('allocated_on', True),)}
    )
    with op.batch_alter_table('crm_payment_allocation', schema=None) as batch_op:
        batch_op.create_index('ix_crm_payment_allocation_contract', ['contract'], unique=False)
        batch_op.create_index('ix_crm_payment_allocation_created_at', ['created_at', 'id'], unique=False)
        batch_op.create_index('ix_crm_payment_allocation_customer', ['customer'], unique=False)
        batch_op.create_index('ix_crm_payment_allocation_department', ['department'], unique=False)
        batch_op.create_index('ix_crm_payment_allocation_owner', ['owner'], unique=False)
        batch_op.create_index('ix_crm_payment_allocation_payment', ['payment'], unique=False)
        batch_op.create_index('ix_crm_payment_allocation_plan', ['plan'], unique=False)

    op.create_table('crm_payment_plan',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('created_at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('created_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('updated_at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('updated_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('deleted_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('deleted_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('contract', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('name', sa.String(length=200), nullable=True),
    sa.Column('customer', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('owner', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('department', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('period_no', sa.BigInteger(), nullable=True),
    sa.Column('stage', sa.String(length=50), nullable=True),
    sa.Column('percent', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('plan_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('due_rule', sa.String(length=50), nullable=True),
    sa.Column('due_date', sa.Date(), nullable=True),
    sa.Column('method', sa.String(length=50), nullable=True),
    sa.Column('remind_days', sa.BigInteger(), nullable=True),
    sa.Column('remind_at', sa.Date(), nullable=True),
    sa.Column('received_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('outstanding', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('status', sa.String(length=50), nullable=True),
    sa.Column('effective_on', sa.Date(), nullable=True),
    sa.Column('voided_on', sa.Date(), nullable=True),
    sa.Column('automatic', sa.Boolean(), nullable=True),
    sa.Column('remark', sa.String(length=255), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_crm_payment_plan')),
    info={'searched': ('name',), 'ordered': (('due_date', False),)}
    )
    with op.batch_alter_table('crm_payment_plan', schema=None) as batch_op:
        batch_op.create_index('ix_crm_payment_plan_contract', ['contract'], unique=False)
        batch_op.create_index('ix_crm_payment_plan_created_at', ['created_at', 'id'], unique=False)
        batch_op.create_index('ix_crm_payment_plan_customer', ['customer'], unique=False)
        batch_op.create_index('ix_crm_payment_plan_department', ['department'], unique=False)
        batch_op.create_index('ix_crm_payment_plan_owner', ['owner'], unique=False)
        batch_op.create_index('ix_crm_payment_plan_due_rule', ['due_rule'], unique=False)
        batch_op.create_index('ix_crm_payment_plan_method', ['method'], unique=False)
        batch_op.create_index('ix_crm_payment_plan_stage', ['stage'], unique=False)
        batch_op.create_index('ix_crm_payment_plan_status', ['status'], unique=False)

    op.create_table('crm_shipment',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('created_at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('created_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('updated_at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('updated_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('deleted_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('deleted_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('number', sa.String(length=60), nullable=True),
    sa.Column('order', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('name', sa.String(length=200), nullable=True),
    sa.Column('customer', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('courier', sa.String(length=50), nullable=True),
    sa.Column('tracking_no', sa.String(length=40), nullable=True),
    sa.Column('ship_date', sa.Date(), nullable=True),
    sa.Column('shipper', sa.String(length=50), nullable=True),
    sa.Column('freight', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('status', sa.String(length=50), nullable=True),
    sa.Column('signed_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('signer', sa.String(length=50), nullable=True),
    sa.Column('receiver_name', sa.String(length=50), nullable=True),
    sa.Column('receiver_phone', sa.String(length=30), nullable=True),
    sa.Column('receiver_address', sa.String(length=255), nullable=True),
    sa.Column('next_track_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('tracked_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('track_failures', sa.BigInteger(), nullable=True),
    sa.Column('track_message', sa.String(length=200), nullable=True),
    sa.Column('remark', sa.Text(), nullable=True),
    sa.Column('attachments', sa.JSON(none_as_null=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_crm_shipment')),
    info={'searched': ('number', 'name', 'tracking_no'), 'ordered': ()}
    )
    with op.batch_alter_table('crm_shipment', schema=None) as batch_op:
        batch_op.create_index('ix_crm_shipment_courier', ['courier'], unique=False)
        batch_op.create_index('ix_crm_shipment_created_at', ['created_at', 'id'], unique=False)
        batch_op.create_index('ix_crm_shipment_customer', ['customer'], unique=False)
        batch_op.create_index('ix_crm_shipment_order', ['order'], unique=False)
        batch_op.create_index('ix_crm_shipment_status', ['status'], unique=False)
        batch_op.create_index('uq_crm_shipment_number', ['number'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'), sqlite_where=sa.text('deleted_at IS NULL'))

    op.create_table('crm_contract_change_lines',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('record_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('product', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('product_name', sa.String(length=100), nullable=True),
    sa.Column('spec', sa.String(length=200), nullable=True),
    sa.Column('quantity', lowcode.api.FixedDecimal(18, 3), nullable=True),
    sa.Column('unit_price', lowcode.api.FixedDecimal(18, 4), nullable=True),
    sa.Column('discount_rate', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('gross_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('subtotal', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('unit', sa.String(length=50), nullable=True),
    sa.Column('tax_rate', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('tax_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('net_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('discount_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('discounted_price', lowcode.api.FixedDecimal(18, 4), nullable=True),
    sa.Column('list_price', lowcode.api.FixedDecimal(18, 4), nullable=True),
    sa.Column('product_code', sa.String(length=50), nullable=True),
    sa.Column('delivery_date', sa.Date(), nullable=True),
    sa.Column('remark', sa.String(length=255), nullable=True),
    sa.Column('source', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['record_id'], ['crm_contract_change.id'], name='fk_crm_contract_change_lines_record', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_crm_contract_change_lines'))
    )
    with op.batch_alter_table('crm_contract_change_lines', schema=None) as batch_op:
        batch_op.create_index('ix_crm_contract_change_lines_product', ['product'], unique=False)
        batch_op.create_index('ix_crm_contract_change_lines_record_id', ['record_id', 'position'], unique=False)

    op.create_table('crm_contract_lines',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('record_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('product', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('product_name', sa.String(length=100), nullable=True),
    sa.Column('spec', sa.String(length=200), nullable=True),
    sa.Column('quantity', lowcode.api.FixedDecimal(18, 3), nullable=True),
    sa.Column('unit_price', lowcode.api.FixedDecimal(18, 4), nullable=True),
    sa.Column('discount_rate', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('gross_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('subtotal', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('unit', sa.String(length=50), nullable=True),
    sa.Column('tax_rate', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('tax_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('net_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('discount_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('discounted_price', lowcode.api.FixedDecimal(18, 4), nullable=True),
    sa.Column('list_price', lowcode.api.FixedDecimal(18, 4), nullable=True),
    sa.Column('product_code', sa.String(length=50), nullable=True),
    sa.Column('delivery_date', sa.Date(), nullable=True),
    sa.Column('remark', sa.String(length=255), nullable=True),
    sa.Column('source', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['record_id'], ['crm_contract.id'], name='fk_crm_contract_lines_record', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_crm_contract_lines'))
    )
    with op.batch_alter_table('crm_contract_lines', schema=None) as batch_op:
        batch_op.create_index('ix_crm_contract_lines_product', ['product'], unique=False)
        batch_op.create_index('ix_crm_contract_lines_record_id', ['record_id', 'position'], unique=False)

    op.create_table('crm_order_lines',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('record_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('product', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('product_name', sa.String(length=100), nullable=True),
    sa.Column('spec', sa.String(length=200), nullable=True),
    sa.Column('quantity', lowcode.api.FixedDecimal(18, 3), nullable=True),
    sa.Column('unit_price', lowcode.api.FixedDecimal(18, 4), nullable=True),
    sa.Column('discount_rate', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('tax_rate', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('net_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('tax_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('subtotal', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('unit', sa.String(length=50), nullable=True),
    sa.Column('gross_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('discount_amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.Column('discounted_price', lowcode.api.FixedDecimal(18, 4), nullable=True),
    sa.Column('list_price', lowcode.api.FixedDecimal(18, 4), nullable=True),
    sa.Column('product_code', sa.String(length=50), nullable=True),
    sa.Column('delivery_date', sa.Date(), nullable=True),
    sa.Column('remark', sa.String(length=255), nullable=True),
    sa.Column('source', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['record_id'], ['crm_order.id'], name='fk_crm_order_lines_record', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_crm_order_lines'))
    )
    with op.batch_alter_table('crm_order_lines', schema=None) as batch_op:
        batch_op.create_index('ix_crm_order_lines_product', ['product'], unique=False)
        batch_op.create_index('ix_crm_order_lines_record_id', ['record_id', 'position'], unique=False)

    op.create_table('crm_payment_split',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('record_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('plan', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('amount', lowcode.api.FixedDecimal(18, 2), nullable=True),
    sa.ForeignKeyConstraint(['record_id'], ['crm_payment.id'], name='fk_crm_payment_split_record', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_crm_payment_split'))
    )
    with op.batch_alter_table('crm_payment_split', schema=None) as batch_op:
        batch_op.create_index('ix_crm_payment_split_plan', ['plan'], unique=False)
        batch_op.create_index('ix_crm_payment_split_record_id', ['record_id', 'position'], unique=False)

    op.create_table('crm_shipment_lines',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('record_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('source', sa.BigInteger(), nullable=True),
    sa.Column('product_name', sa.String(length=100), nullable=True),
    sa.Column('unit', sa.String(length=50), nullable=True),
    sa.Column('quantity', lowcode.api.FixedDecimal(18, 3), nullable=True),
    sa.ForeignKeyConstraint(['record_id'], ['crm_shipment.id'], name='fk_crm_shipment_lines_record', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_crm_shipment_lines'))
    )
    with op.batch_alter_table('crm_shipment_lines', schema=None) as batch_op:
        batch_op.create_index('ix_crm_shipment_lines_record_id', ['record_id', 'position'], unique=False)

    op.create_table('crm_shipment_tracks',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('record_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('location', sa.String(length=100), nullable=True),
    sa.Column('description', sa.String(length=500), nullable=True),
    sa.Column('status', sa.String(length=50), nullable=True),
    sa.Column('track_source', sa.String(length=50), nullable=True),
    sa.ForeignKeyConstraint(['record_id'], ['crm_shipment.id'], name='fk_crm_shipment_tracks_record', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_crm_shipment_tracks'))
    )
    with op.batch_alter_table('crm_shipment_tracks', schema=None) as batch_op:
        batch_op.create_index('ix_crm_shipment_tracks_record_id', ['record_id', 'position'], unique=False)

    with op.batch_alter_table('crm_customer', schema=None) as batch_op:
        batch_op.add_column(sa.Column('contract_count', sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column('contract_amount', lowcode.api.FixedDecimal(18, 2), nullable=True))
        batch_op.add_column(sa.Column('received_amount', lowcode.api.FixedDecimal(18, 2), nullable=True))
        batch_op.add_column(sa.Column('unreceived_amount', lowcode.api.FixedDecimal(18, 2), nullable=True))

    with op.batch_alter_table('crm_opportunity', schema=None) as batch_op:
        batch_op.add_column(sa.Column('contract_count', sa.BigInteger(), nullable=True))

    with op.batch_alter_table('crm_quotation', schema=None) as batch_op:
        batch_op.add_column(sa.Column('rounding_policy', sa.String(length=50), nullable=True))
        batch_op.create_index('ix_crm_quotation_rounding_policy', ['rounding_policy'], unique=False)

    op.execute(
        "UPDATE crm_customer SET contract_count = 0, contract_amount = 0, received_amount = 0, unreceived_amount = 0"
    )
    op.execute("UPDATE crm_opportunity SET contract_count = 0")
    op.execute("UPDATE crm_quotation SET rounding_policy = 'line'")


def downgrade() -> None:
    with op.batch_alter_table('crm_quotation', schema=None) as batch_op:
        batch_op.drop_index('ix_crm_quotation_rounding_policy')
        batch_op.drop_column('rounding_policy')

    with op.batch_alter_table('crm_opportunity', schema=None) as batch_op:
        batch_op.drop_column('contract_count')

    with op.batch_alter_table('crm_customer', schema=None) as batch_op:
        batch_op.drop_column('unreceived_amount')
        batch_op.drop_column('received_amount')
        batch_op.drop_column('contract_amount')
        batch_op.drop_column('contract_count')

    with op.batch_alter_table('crm_shipment_tracks', schema=None) as batch_op:
        batch_op.drop_index('ix_crm_shipment_tracks_record_id')

    op.drop_table('crm_shipment_tracks')
    with op.batch_alter_table('crm_shipment_lines', schema=None) as batch_op:
        batch_op.drop_index('ix_crm_shipment_lines_record_id')

    op.drop_table('crm_shipment_lines')
    with op.batch_alter_table('crm_payment_split', schema=None) as batch_op:
        batch_op.drop_index('ix_crm_payment_split_record_id')
        batch_op.drop_index('ix_crm_payment_split_plan')

    op.drop_table('crm_payment_split')
    with op.batch_alter_table('crm_order_lines', schema=None) as batch_op:
        batch_op.drop_index('ix_crm_order_lines_record_id')
        batch_op.drop_index('ix_crm_order_lines_product')

    op.drop_table('crm_order_lines')
    with op.batch_alter_table('crm_contract_lines', schema=None) as batch_op:
        batch_op.drop_index('ix_crm_contract_lines_record_id')
        batch_op.drop_index('ix_crm_contract_lines_product')

    op.drop_table('crm_contract_lines')
    with op.batch_alter_table('crm_contract_change_lines', schema=None) as batch_op:
        batch_op.drop_index('ix_crm_contract_change_lines_record_id')
        batch_op.drop_index('ix_crm_contract_change_lines_product')

    op.drop_table('crm_contract_change_lines')
    with op.batch_alter_table('crm_shipment', schema=None) as batch_op:
        batch_op.drop_index('uq_crm_shipment_number', postgresql_where=sa.text('deleted_at IS NULL'), sqlite_where=sa.text('deleted_at IS NULL'))
        batch_op.drop_index('ix_crm_shipment_status')
        batch_op.drop_index('ix_crm_shipment_order')
        batch_op.drop_index('ix_crm_shipment_customer')
        batch_op.drop_index('ix_crm_shipment_created_at')
        batch_op.drop_index('ix_crm_shipment_courier')

    op.drop_table('crm_shipment')
    with op.batch_alter_table('crm_payment_plan', schema=None) as batch_op:
        batch_op.drop_index('ix_crm_payment_plan_status')
        batch_op.drop_index('ix_crm_payment_plan_stage')
        batch_op.drop_index('ix_crm_payment_plan_method')
        batch_op.drop_index('ix_crm_payment_plan_due_rule')
        batch_op.drop_index('ix_crm_payment_plan_owner')
        batch_op.drop_index('ix_crm_payment_plan_department')
        batch_op.drop_index('ix_crm_payment_plan_customer')
        batch_op.drop_index('ix_crm_payment_plan_created_at')
        batch_op.drop_index('ix_crm_payment_plan_contract')

    op.drop_table('crm_payment_plan')
    with op.batch_alter_table('crm_payment_allocation', schema=None) as batch_op:
        batch_op.drop_index('ix_crm_payment_allocation_plan')
        batch_op.drop_index('ix_crm_payment_allocation_payment')
        batch_op.drop_index('ix_crm_payment_allocation_owner')
        batch_op.drop_index('ix_crm_payment_allocation_department')
        batch_op.drop_index('ix_crm_payment_allocation_customer')
        batch_op.drop_index('ix_crm_payment_allocation_created_at')
        batch_op.drop_index('ix_crm_payment_allocation_contract')

    op.drop_table('crm_payment_allocation')
    with op.batch_alter_table('crm_payment', schema=None) as batch_op:
        batch_op.drop_index('uq_crm_payment_number', postgresql_where=sa.text('deleted_at IS NULL'), sqlite_where=sa.text('deleted_at IS NULL'))
        batch_op.drop_index('ix_crm_payment_status')
        batch_op.drop_index('ix_crm_payment_stage')
        batch_op.drop_index('ix_crm_payment_reverses')
        batch_op.drop_index('ix_crm_payment_reversal')
        batch_op.drop_index('ix_crm_payment_plan')
        batch_op.drop_index('ix_crm_payment_owner_department')
        batch_op.drop_index('ix_crm_payment_owner')
        batch_op.drop_index('ix_crm_payment_method')
        batch_op.drop_index('ix_crm_payment_customer')
        batch_op.drop_index('ix_crm_payment_created_at')
        batch_op.drop_index('ix_crm_payment_contract')
        batch_op.drop_index('ix_crm_payment_confirmed_by')

    op.drop_table('crm_payment')
    with op.batch_alter_table('crm_order', schema=None) as batch_op:
        batch_op.drop_index('uq_crm_order_number', postgresql_where=sa.text('deleted_at IS NULL'), sqlite_where=sa.text('deleted_at IS NULL'))
        batch_op.drop_index('ix_crm_order_status')
        batch_op.drop_index('ix_crm_order_shipping_status')
        batch_op.drop_index('ix_crm_order_rounding_policy')
        batch_op.drop_index('ix_crm_order_progress_status')
        batch_op.drop_index('ix_crm_order_owner_department')
        batch_op.drop_index('ix_crm_order_owner')
        batch_op.drop_index('ix_crm_order_customer')
        batch_op.drop_index('ix_crm_order_created_at')
        batch_op.drop_index('ix_crm_order_contract')

    op.drop_table('crm_order')
    with op.batch_alter_table('crm_invoice', schema=None) as batch_op:
        batch_op.drop_index('uq_crm_invoice_number', postgresql_where=sa.text('deleted_at IS NULL'), sqlite_where=sa.text('deleted_at IS NULL'))
        batch_op.drop_index('uq_crm_invoice_invoice_no', postgresql_where=sa.text('deleted_at IS NULL'), sqlite_where=sa.text('deleted_at IS NULL'))
        batch_op.drop_index('ix_crm_invoice_title_type')
        batch_op.drop_index('ix_crm_invoice_status')
        batch_op.drop_index('ix_crm_invoice_red_of')
        batch_op.drop_index('ix_crm_invoice_owner_department')
        batch_op.drop_index('ix_crm_invoice_owner')
        batch_op.drop_index('ix_crm_invoice_invoice_type')
        batch_op.drop_index('ix_crm_invoice_customer')
        batch_op.drop_index('ix_crm_invoice_created_at')
        batch_op.drop_index('ix_crm_invoice_courier')
        batch_op.drop_index('ix_crm_invoice_contract')

    op.drop_table('crm_invoice')
    with op.batch_alter_table('crm_contract_change', schema=None) as batch_op:
        batch_op.drop_index('uq_crm_contract_change_number', postgresql_where=sa.text('deleted_at IS NULL'), sqlite_where=sa.text('deleted_at IS NULL'))
        batch_op.drop_index('ix_crm_contract_change_status')
        batch_op.drop_index('ix_crm_contract_change_rounding_policy')
        batch_op.drop_index('ix_crm_contract_change_payment_method')
        batch_op.drop_index('ix_crm_contract_change_owner_department')
        batch_op.drop_index('ix_crm_contract_change_owner')
        batch_op.drop_index('ix_crm_contract_change_customer')
        batch_op.drop_index('ix_crm_contract_change_created_at')
        batch_op.drop_index('ix_crm_contract_change_contract')

    op.drop_table('crm_contract_change')
    with op.batch_alter_table('crm_contract', schema=None) as batch_op:
        batch_op.drop_index('uq_crm_contract_number', postgresql_where=sa.text('deleted_at IS NULL'), sqlite_where=sa.text('deleted_at IS NULL'))
        batch_op.drop_index('ix_crm_contract_status')
        batch_op.drop_index('ix_crm_contract_sign_user')
        batch_op.drop_index('ix_crm_contract_sign_contact')
        batch_op.drop_index('ix_crm_contract_rounding_policy')
        batch_op.drop_index('ix_crm_contract_quotation')
        batch_op.drop_index('ix_crm_contract_payment_method')
        batch_op.drop_index('ix_crm_contract_owner_department')
        batch_op.drop_index('ix_crm_contract_owner')
        batch_op.drop_index('ix_crm_contract_opportunity')
        batch_op.drop_index('ix_crm_contract_invoice_type')
        batch_op.drop_index('ix_crm_contract_invoice_cap')
        batch_op.drop_index('ix_crm_contract_customer')
        batch_op.drop_index('ix_crm_contract_created_at')
        batch_op.drop_index('ix_crm_contract_contract_type')

    op.drop_table('crm_contract')
