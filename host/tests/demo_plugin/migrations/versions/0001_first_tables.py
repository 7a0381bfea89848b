"""First tables."""
# ruff: noqa

import lowcode.api
import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "library_item",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", lowcode.api.UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("updated_at", lowcode.api.UtcDateTime(), nullable=False),
        sa.Column("updated_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("deleted_at", lowcode.api.UtcDateTime(), nullable=True),
        sa.Column("deleted_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("code", sa.String(length=20), nullable=True),
        sa.Column("title", sa.String(length=100), nullable=True),
        sa.Column("subject", sa.String(length=50), nullable=True),
        sa.Column("place", sa.String(length=50), nullable=True),
        sa.Column("price", lowcode.api.FixedDecimal(18, 2), nullable=True),
        sa.Column("weight", lowcode.api.FixedDecimal(18, 3), nullable=True),
        sa.Column("copies", sa.BigInteger(), nullable=True),
        sa.Column("bought_on", sa.Date(), nullable=True),
        sa.Column("keeper", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("successor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("on_shelf", sa.Boolean(), nullable=True),
        sa.Column("is_lent", sa.Boolean(), nullable=True),
        sa.Column("cover", sa.String(length=32), nullable=True),
        sa.Column("manuals", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_library_item")),
    )
    with op.batch_alter_table("library_item", schema=None) as batch_op:
        batch_op.create_index("ix_library_item_created_at", ["created_at", "id"], unique=False)
        batch_op.create_index("ix_library_item_keeper", ["keeper"], unique=False)
        batch_op.create_index("ix_library_item_place", ["place"], unique=False)
        batch_op.create_index("ix_library_item_subject", ["subject"], unique=False)
        batch_op.create_index("ix_library_item_successor", ["successor"], unique=False)
        batch_op.create_index(
            "uq_library_item_code",
            ["code"],
            unique=True,
            postgresql_where=sa.text("deleted_at IS NULL"),
            sqlite_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "library_loan",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", lowcode.api.UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("updated_at", lowcode.api.UtcDateTime(), nullable=False),
        sa.Column("updated_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("deleted_at", lowcode.api.UtcDateTime(), nullable=True),
        sa.Column("deleted_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("number", sa.String(length=60), nullable=True),
        sa.Column("status", sa.String(length=50), nullable=True),
        sa.Column("owner_department", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("subject", sa.String(length=100), nullable=True),
        sa.Column("member", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("phone", sa.String(length=30), nullable=True),
        sa.Column("clerk", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("branch", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("lent_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("previous", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("total_deposit", lowcode.api.FixedDecimal(18, 2), nullable=True),
        sa.Column("days", sa.BigInteger(), nullable=True),
        sa.Column("fine", lowcode.api.FixedDecimal(18, 2), nullable=True),
        sa.Column("is_late", sa.Boolean(), nullable=True),
        sa.Column("handled_at", lowcode.api.UtcDateTime(), nullable=True),
        sa.Column("notice", sa.Text(), nullable=True),
        sa.Column("attachments", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_library_loan")),
    )
    with op.batch_alter_table("library_loan", schema=None) as batch_op:
        batch_op.create_index("ix_library_loan_branch", ["branch"], unique=False)
        batch_op.create_index("ix_library_loan_clerk", ["clerk"], unique=False)
        batch_op.create_index("ix_library_loan_created_at", ["created_at", "id"], unique=False)
        batch_op.create_index("ix_library_loan_member", ["member"], unique=False)
        batch_op.create_index("ix_library_loan_owner_department", ["owner_department"], unique=False)
        batch_op.create_index("ix_library_loan_previous", ["previous"], unique=False)
        batch_op.create_index("ix_library_loan_status", ["status"], unique=False)
        batch_op.create_index(
            "uq_library_loan_number",
            ["number"],
            unique=True,
            postgresql_where=sa.text("deleted_at IS NULL"),
            sqlite_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "library_member",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", lowcode.api.UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("updated_at", lowcode.api.UtcDateTime(), nullable=False),
        sa.Column("updated_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("deleted_at", lowcode.api.UtcDateTime(), nullable=True),
        sa.Column("deleted_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("number", sa.String(length=60), nullable=True),
        sa.Column("owner_department", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("name", sa.String(length=50), nullable=True),
        sa.Column("card", sa.String(length=8), nullable=True),
        sa.Column("level", sa.String(length=50), nullable=True),
        sa.Column("phone", sa.String(length=30), nullable=True),
        sa.Column("email", sa.String(length=255), nullable=True),
        sa.Column("website", sa.String(length=500), nullable=True),
        sa.Column("birthday", sa.Date(), nullable=True),
        sa.Column("joined_at", lowcode.api.UtcDateTime(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=True),
        sa.Column("department", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("keeper", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("photo", sa.String(length=32), nullable=True),
        sa.Column("rating", lowcode.api.FixedDecimal(18, 1), nullable=True),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column("last_loan_on", sa.Date(), nullable=True),
        sa.Column("loan_count", sa.BigInteger(), nullable=True),
        sa.Column("fine_total", lowcode.api.FixedDecimal(18, 2), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_library_member")),
    )
    with op.batch_alter_table("library_member", schema=None) as batch_op:
        batch_op.create_index("ix_library_member_created_at", ["created_at", "id"], unique=False)
        batch_op.create_index("ix_library_member_department", ["department"], unique=False)
        batch_op.create_index("ix_library_member_keeper", ["keeper"], unique=False)
        batch_op.create_index("ix_library_member_level", ["level"], unique=False)
        batch_op.create_index("ix_library_member_owner_department", ["owner_department"], unique=False)
        batch_op.create_index(
            "uq_library_member_card",
            ["card"],
            unique=True,
            postgresql_where=sa.text("deleted_at IS NULL"),
            sqlite_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.create_index(
            "uq_library_member_email",
            ["email"],
            unique=True,
            postgresql_where=sa.text("deleted_at IS NULL"),
            sqlite_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.create_index(
            "uq_library_member_number",
            ["number"],
            unique=True,
            postgresql_where=sa.text("deleted_at IS NULL"),
            sqlite_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "library_loan_lines",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("item", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("title", sa.String(length=100), nullable=True),
        sa.Column("quantity", lowcode.api.FixedDecimal(18, 3), nullable=True),
        sa.Column("price", lowcode.api.FixedDecimal(18, 2), nullable=True),
        sa.Column("subject", sa.String(length=50), nullable=True),
        sa.Column("deposit", lowcode.api.FixedDecimal(18, 2), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["record_id"], ["library_loan.id"], name="fk_library_loan_lines_record", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_library_loan_lines")),
    )
    with op.batch_alter_table("library_loan_lines", schema=None) as batch_op:
        batch_op.create_index("ix_library_loan_lines_item", ["item"], unique=False)
        batch_op.create_index("ix_library_loan_lines_record_id", ["record_id", "position"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("library_loan_lines", schema=None) as batch_op:
        batch_op.drop_index("ix_library_loan_lines_record_id")
        batch_op.drop_index("ix_library_loan_lines_item")

    op.drop_table("library_loan_lines")
    with op.batch_alter_table("library_member", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_library_member_number",
            postgresql_where=sa.text("deleted_at IS NULL"),
            sqlite_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index(
            "uq_library_member_email",
            postgresql_where=sa.text("deleted_at IS NULL"),
            sqlite_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index(
            "uq_library_member_card",
            postgresql_where=sa.text("deleted_at IS NULL"),
            sqlite_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index("ix_library_member_owner_department")
        batch_op.drop_index("ix_library_member_level")
        batch_op.drop_index("ix_library_member_keeper")
        batch_op.drop_index("ix_library_member_department")
        batch_op.drop_index("ix_library_member_created_at")

    op.drop_table("library_member")
    with op.batch_alter_table("library_loan", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_library_loan_number",
            postgresql_where=sa.text("deleted_at IS NULL"),
            sqlite_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index("ix_library_loan_status")
        batch_op.drop_index("ix_library_loan_previous")
        batch_op.drop_index("ix_library_loan_owner_department")
        batch_op.drop_index("ix_library_loan_member")
        batch_op.drop_index("ix_library_loan_created_at")
        batch_op.drop_index("ix_library_loan_clerk")
        batch_op.drop_index("ix_library_loan_branch")

    op.drop_table("library_loan")
    with op.batch_alter_table("library_item", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_library_item_code",
            postgresql_where=sa.text("deleted_at IS NULL"),
            sqlite_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index("ix_library_item_successor")
        batch_op.drop_index("ix_library_item_subject")
        batch_op.drop_index("ix_library_item_place")
        batch_op.drop_index("ix_library_item_keeper")
        batch_op.drop_index("ix_library_item_created_at")

    op.drop_table("library_item")
