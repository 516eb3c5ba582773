"""The adapter for a ClickHouse server: clickhouse-connect over HTTP."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from penstock.infra.columns.connection import DATABASE, Params, engine_error
from penstock.kernel.errors import SetupError

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client


class ServerEngine:
    """A server at a URL such as `https://user:password@host:8443/`."""

    def __init__(self, url: str) -> None:
        self._url = url

    def connect(self, settings: Mapping[str, str]) -> "ServerConnection":
        # 10 MB that an installation with the embedded engine never needs
        import clickhouse_connect  # lazy: see above
        from clickhouse_connect.driver.exceptions import Error  # lazy: see above

        try:
            first = clickhouse_connect.get_client(dsn=self._url, autogenerate_session_id=False)
            first.command(f"CREATE DATABASE IF NOT EXISTS {DATABASE}")
            first.close()
            client = clickhouse_connect.get_client(
                dsn=self._url,
                database=DATABASE,
                settings=dict(settings),
                autogenerate_session_id=False,
            )
        except Error as error:
            raise SetupError(
                f"The ClickHouse server cannot be used: {str(error).strip()[:300]}",
                hint="Check the address, user and password in the columns DSN.",
            ) from error
        return ServerConnection(client, Error)

    def close(self) -> None:
        """Does nothing: the engine has no resources to release."""


class ServerConnection:
    """One client of a server; it keeps HTTP connections alive."""

    def __init__(self, client: "Client", error: type[Exception]) -> None:
        self._client = client
        self._error = error

    def query(self, sql: str, params: Params) -> bytes:
        values = {
            name: value if isinstance(value, str | int) else list(value)
            for name, value in params.items()
        }
        try:
            return self._client.raw_query(sql, parameters=values)
        except self._error as error:
            raise engine_error(str(error)) from error

    def insert(self, table: str, columns: Sequence[str], rows: bytes, token: str) -> None:
        settings = {"insert_deduplication_token": token} if token else {}
        try:
            self._client.raw_insert(
                table, list(columns), rows, settings=settings, fmt="JSONEachRow"
            )
        except self._error as error:
            raise engine_error(str(error)) from error

    def close(self) -> None:
        self._client.close()
