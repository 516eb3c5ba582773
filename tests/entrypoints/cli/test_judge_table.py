"""The table of `penstock annotation judges`."""

from penstock.entrypoints.cli.annotation import judged_labels


def test_labels_have_the_items_behind_them_where_not_all_were_read() -> None:
    judge = {"labels": 40, "compared_items": 40, "labelled_items": 40}
    assert judged_labels(judge) == "40"
    large = {"labels": 4900, "compared_items": 5000, "labelled_items": 7200}
    assert judged_labels(large) == "4900 (first 5,000 of 7,200 items)"
