"""Alembic's environment: runs revisions on the connection of `penstock.infra.sql.migrate`."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], target_metadata=None)
context.run_migrations()
