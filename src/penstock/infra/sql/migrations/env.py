"""Alembic's door: runs revisions on the connection that `penstock.infra.sql.migrate` hands over."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], target_metadata=None)
context.run_migrations()
