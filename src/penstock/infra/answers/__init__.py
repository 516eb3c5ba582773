"""The cached answers of a machine, as files of the home: `AnswerFiles` is the entry point."""

from penstock.infra.answers.files import AnswerFiles

__all__ = ["AnswerFiles"]
