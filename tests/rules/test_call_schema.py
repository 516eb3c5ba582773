"""The schema of spool records changes with their fields."""

from penstock.rules.attributes import CALL_ATTRIBUTES
from penstock.rules.call import (
    SCHEMA,
    AttemptRecord,
    CallBegin,
    CallEnd,
    Caller,
    Record,
    Usage,
    new_caller,
)

RECORDS: tuple[type[Record], ...] = (CallBegin, CallEnd, Caller, AttemptRecord, Usage)
# Number of fields of each record, by schema. A released schema is never changed here.
FIELD_COUNTS = {
    2: (12, 19, 9, 16, 8),
    3: (12, 20, 9, 18, 12),
    4: (12, 23, 9, 19, 14),
    5: (12, 24, 9, 19, 14),
    6: (12, 25, 9, 22, 14),
    7: (12, 25, 9, 23, 14),
    8: (12, 26, 9, 23, 14),
    9: (12, 26, 9, 23, 17),
    10: (12, 26, 9, 23, 18),
}


def test_the_schema_is_raised_when_a_record_gets_another_field() -> None:
    found = tuple(len(record.__struct_fields__) for record in RECORDS)
    assert found == FIELD_COUNTS[SCHEMA], "raise rules.call.SCHEMA, and add its line here"


def test_the_fields_that_recovery_needs_keep_their_place() -> None:
    assert CallBegin.__struct_fields__[:3] == ("project_id", "trace_id", "span_id")
    assert CallEnd.__struct_fields__[0] == "begin"


def test_appended_fields_have_a_default() -> None:
    """A newer server reads records of an older gateway."""
    required = {CallBegin: 9, CallEnd: 4, Caller: 0, AttemptRecord: 8, Usage: 0}
    for record, count in required.items():
        fields = record.__struct_fields__
        assert len(fields) - len(record.__struct_defaults__) == count


def test_new_attributes_are_appended_after_those_with_fields_of_their_own() -> None:
    names = tuple(each.name for each in CALL_ATTRIBUTES)
    assert names[:6] == Caller.__struct_fields__[1:7]
    since = [each.since for each in CALL_ATTRIBUTES]
    assert since == sorted(since)
    values = [f"value of {name}" for name in names]
    caller = new_caller("key_1", values, {})
    assert [caller.get(name) for name in names] == values
