"""The migration that finds which contents the stored versions of prompts include."""

from pathlib import Path

from sqlalchemy import text

from penstock.infra.sql import Database
from penstock.infra.sql.database import sqlite_url
from penstock.infra.sql.migrate import migrate

CONTENTS = (
    '{"kind":"text","text":"Hi"}',
    '{"kind":"text","partials":{"a":"d1","b":"d2"},"text":"x"}',
    '{"kind":"text","partials":{"a":"d1"},"text":"y"}',
    '{"kind":"text","text":"the word \\"partials\\": alone"}',
)


def test_versions_that_were_stored_before_have_their_includes(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "penstock.db"))
    migrate(database, to="0015")
    with database.write() as tx:
        run = tx.connection.execute
        run(
            text(
                "INSERT INTO projects (id, name, on_spool_full, capture_content, created_ms)"
                " VALUES ('prj', 'p', 'reject', true, 0)"
            )
        )
        run(text("INSERT INTO prompts VALUES ('prm','prj','n','text',4,'d',0,0,'')"))
        for number, content in enumerate(CONTENTS, 1):
            values = {"number": number, "content": content}
            run(
                text(
                    "INSERT INTO prompt_versions VALUES"
                    " ('prm',:number,'prj','d','','me','',0,:content)"
                ),
                values,
            )
    migrate(database, to="0016")
    with database.read() as connection:
        found = connection.execute(text("SELECT * FROM prompt_includes ORDER BY digest")).all()
    assert [tuple(each) for each in found] == [("prm", "d1", "prj"), ("prm", "d2", "prj")]
    database.close()
