"""people and process."""

import lowcode.api
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('mails',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('event', sa.String(length=200), nullable=False),
    sa.Column('recipient', sa.String(length=255), nullable=False),
    sa.Column('subject', sa.String(length=300), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('html', sa.Text(), nullable=True),
    sa.Column('created_at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('created_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('next_at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('sent_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mails')),
    sa.UniqueConstraint('event', name=op.f('uq_mails_event'))
    )
    with op.batch_alter_table('mails', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_mails_state_next_at'), ['state', 'next_at'], unique=False)

    op.create_table('notifications',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('user', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('event', sa.String(length=200), nullable=False),
    sa.Column('kind', sa.String(length=50), nullable=False),
    sa.Column('at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('values', sa.JSON(), nullable=False),
    sa.Column('url', sa.String(length=300), nullable=True),
    sa.Column('read_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notifications')),
    sa.UniqueConstraint('user', 'event', name=op.f('uq_notifications_user_event'))
    )
    with op.batch_alter_table('notifications', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_notifications_user_read_at'), ['user', 'read_at'], unique=False)

    op.create_table('team_members',
    sa.Column('form', sa.String(length=50), nullable=False),
    sa.Column('record', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('user', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('level', sa.String(length=10), nullable=False),
    sa.Column('added_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('added_at', lowcode.api.UtcDateTime(), nullable=False),
    sa.CheckConstraint("level IN ('read', 'write')", name='level'),
    sa.PrimaryKeyConstraint('form', 'record', 'user', name=op.f('pk_team_members'))
    )
    with op.batch_alter_table('team_members', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_team_members_user_form'), ['user', 'form'], unique=False)

    op.create_table('trail',
    sa.Column('seq', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('approval_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('form', sa.String(length=50), nullable=False),
    sa.Column('record', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('action', sa.String(length=20), nullable=False),
    sa.Column('user', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('step', sa.String(length=50), nullable=True),
    sa.Column('opinion', sa.Text(), nullable=True),
    sa.Column('details', sa.JSON(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('previous', sa.String(length=64), nullable=False),
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('seq', name=op.f('pk_trail'))
    )
    with op.batch_alter_table('trail', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_trail_approval_id'), ['approval_id'], unique=False)

    op.create_table('trail_head',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('seq', sa.BigInteger(), nullable=False),
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_trail_head'))
    )
    op.create_table('approval_copies',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('approval_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('user', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sent_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('sent_at', lowcode.api.UtcDateTime(), nullable=False),
    sa.Column('read_at', lowcode.api.UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['approval_id'], ['approvals.id'], name=op.f('fk_approval_copies_approval_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_approval_copies')),
    sa.UniqueConstraint('approval_id', 'user', name=op.f('uq_approval_copies_approval_id_user'))
    )
    with op.batch_alter_table('approval_copies', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_approval_copies_user'), ['user'], unique=False)

    with op.batch_alter_table('approval_tasks', schema=None) as batch_op:
        batch_op.add_column(sa.Column('due_at', lowcode.api.UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column('reminded_at', lowcode.api.UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column('origin', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.add_column(sa.Column('place', sa.String(length=10), nullable=True))
        batch_op.add_column(sa.Column('superseded', sa.Boolean(), server_default=sa.false(), nullable=False))
        unreminded = sa.text("state = 'open' AND reminded_at IS NULL")
        batch_op.create_index('ix_approval_tasks_due_at', ['due_at'], unique=False, sqlite_where=unreminded, postgresql_where=unreminded)
        batch_op.drop_index(batch_op.f('ix_approval_tasks_user_state'))
        batch_op.create_index(batch_op.f('ix_approval_tasks_user_state_opened_at'), ['user', 'state', 'opened_at'], unique=False)

    with op.batch_alter_table('approval_definitions', schema=None) as batch_op:
        batch_op.add_column(sa.Column('copy_to', sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column('changed_at', lowcode.api.UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column('changed_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))

    with op.batch_alter_table('approvals', schema=None) as batch_op:
        batch_op.add_column(sa.Column('version', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('chosen', sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column('urged_at', lowcode.api.UtcDateTime(), nullable=True))

    with op.batch_alter_table('sessions', schema=None) as batch_op:
        batch_op.add_column(sa.Column('address', sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column('agent', sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column('viewing_as', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.create_foreign_key(batch_op.f('fk_sessions_viewing_as'), 'users', ['viewing_as'], ['id'], ondelete='CASCADE')

    with op.batch_alter_table('users', schema=None) as batch_op:
        batch_op.add_column(sa.Column('email', sa.String(length=255), nullable=True))
        batch_op.add_column(sa.Column('password_changed_at', lowcode.api.UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column('password_history', sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column('totp_secret', sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column('totp_pending', sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column('totp_used', sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column('muted', sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('users', schema=None) as batch_op:
        batch_op.drop_column('muted')
        batch_op.drop_column('totp_used')
        batch_op.drop_column('totp_pending')
        batch_op.drop_column('totp_secret')
        batch_op.drop_column('password_history')
        batch_op.drop_column('password_changed_at')
        batch_op.drop_column('email')

    with op.batch_alter_table('sessions', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_sessions_viewing_as'), type_='foreignkey')
        batch_op.drop_column('viewing_as')
        batch_op.drop_column('agent')
        batch_op.drop_column('address')

    with op.batch_alter_table('approvals', schema=None) as batch_op:
        batch_op.drop_column('urged_at')
        batch_op.drop_column('chosen')
        batch_op.drop_column('version')

    with op.batch_alter_table('approval_definitions', schema=None) as batch_op:
        batch_op.drop_column('changed_by')
        batch_op.drop_column('changed_at')
        batch_op.drop_column('copy_to')

    with op.batch_alter_table('approval_tasks', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_approval_tasks_user_state_opened_at'))
        batch_op.create_index(batch_op.f('ix_approval_tasks_user_state'), ['user', 'state'], unique=False)
        batch_op.drop_index('ix_approval_tasks_due_at')
        batch_op.drop_column('superseded')
        batch_op.drop_column('place')
        batch_op.drop_column('origin')
        batch_op.drop_column('reminded_at')
        batch_op.drop_column('due_at')

    with op.batch_alter_table('approval_copies', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_approval_copies_user'))

    op.drop_table('approval_copies')
    op.drop_table('trail_head')
    with op.batch_alter_table('trail', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_trail_approval_id'))

    op.drop_table('trail')
    with op.batch_alter_table('team_members', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_team_members_user_form'))

    op.drop_table('team_members')
    with op.batch_alter_table('notifications', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_notifications_user_read_at'))

    op.drop_table('notifications')
    with op.batch_alter_table('mails', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_mails_state_next_at'))

    op.drop_table('mails')
