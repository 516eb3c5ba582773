"""Comments on prompts."""

from penstock.features.access import Principal
from penstock.features.context import Context
from penstock.features.prompts import history
from penstock.features.prompts.model import MAX_COMMENTS, PromptComment
from penstock.features.prompts.service.prompts import get_prompt, get_version
from penstock.kernel.errors import InvalidRequest
from penstock.rules.mentions import mentioned_names


class CommentService:
    """Use cases of comments."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def add(
        self, actor: Principal, project_id: str, prompt_id: str, text: str, number: int
    ) -> PromptComment:
        """Adds a comment; `number` is a version, or 0. Raises `NotFound`, `InvalidRequest`."""
        comment = PromptComment(
            self._context.new_id("com"),
            prompt_id,
            number,
            actor.label,
            text,
            self._context.now_ms(),
        )
        with self._context.database.write() as tx:
            prompt = get_prompt(tx.connection, project_id, prompt_id, lock=True)
            if number:
                get_version(tx.connection, prompt, str(number))
            if history.count_comments(tx.connection, prompt_id) >= MAX_COMMENTS:
                raise InvalidRequest(f"A prompt has at most {MAX_COMMENTS:,} comments.")
            history.add_comment(tx.connection, comment)
            after = {
                "name": prompt.name,
                "version": number,
                "comment": comment.id,
                "mentions": list(mentioned_names(text)),  # members of that name are notified
            }
            self._context.audit_log.append(
                tx, actor, project_id, "prompt.comment", prompt_id, after=after
            )
        return comment

    def list_page(
        self, project_id: str, prompt_id: str, before: str, limit: int
    ) -> list[PromptComment]:
        """Returns the comments on a prompt, newest first. Raises `NotFound`."""
        with self._context.database.read() as connection:
            get_prompt(connection, project_id, prompt_id)
            return history.list_comments(connection, prompt_id, before, limit)
