"""Tables and transactions: column types, the host's own tables, migrations, backups."""
