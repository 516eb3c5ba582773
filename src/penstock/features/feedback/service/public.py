"""Feedback of web pages: a public key, an answer token, and nothing else. All methods block."""

from typing import Annotated, Final

import msgspec

from penstock.features.feedback.model import FeedbackKey
from penstock.features.feedback.service.keys import FeedbackKeyService
from penstock.features.feedback.service.rates import RequestRates
from penstock.features.feedback.service.scores import ScoreService
from penstock.kernel.errors import Forbidden, InvalidRequest, NotFound, PenstockError
from penstock.kernel.time import Clock
from penstock.rules.scores.answer_token import AnswerToken, verified_answer
from penstock.rules.scores.score import Score, Value
from penstock.rules.scores.vocabulary import FeedbackName, ScoreKind, ScoreSource

MAX_ITEMS: Final = len(FeedbackName)  # of one request
ADDRESS_PER_MINUTE: Final = 120  # requests of one address, with all public keys or wrong ones
_SECOND_NS: Final = 10**9
_RENEW: Final = "Each answer has its own in the header x-penstock-answer-token."


class FeedbackItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One statement about an answer. A comment or correction has its text in `comment`."""

    name: FeedbackName
    value: Value = None
    comment: str = ""


class PublicRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The request of a web page."""

    token: str
    feedback: Annotated[tuple[FeedbackItem, ...], msgspec.Meta(min_length=1, max_length=MAX_ITEMS)]


class PublicFeedback:
    """Accepts feedback from web pages. `secret` verifies the tokens of gateways."""

    def __init__(
        self, keys: FeedbackKeyService, scores: ScoreService, clock: Clock, secret: bytes
    ) -> None:
        self._keys = keys
        self._scores = scores
        self._clock = clock
        self._secret = secret
        self._rates = RequestRates(clock)

    def key_for(self, key: str, origin: str, peer: str) -> FeedbackKey:
        """Returns the public key. Raises `NotFound` if there is none, `Forbidden` for the page of
        another origin, `RateLimited` for an address that asks too often."""
        self._rates.take(f"address {peer}", ADDRESS_PER_MINUTE)
        found = self._keys.find(key)
        if found is None:
            raise NotFound(
                "This public key does not exist.",
                hint="`penstock feedback keys` lists the keys of a project.",
                code="unknown_feedback_key",
            )
        if origin not in found.origins:
            raise Forbidden(
                "This public key is not for pages of this origin.",
                hint="Add the origin to a public key: penstock feedback add-key NAME --origin …",
                code="foreign_origin",
            )
        return found

    def submit(self, key: FeedbackKey, body: bytes) -> int:
        """Stores the feedback in a request. Returns how much it is. Raises `RateLimited`,
        `InvalidRequest`, `Forbidden`; then nothing of it is stored."""
        self._rates.take(f"key {key.id}", key.per_minute)
        try:
            request = msgspec.json.decode(body, type=PublicRequest)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise InvalidRequest(f"The feedback cannot be read: {str(error)[:200]}.") from None
        token = self._token(request.token, key)
        scores = [_score(token, item) for item in request.feedback]
        self._scores.check(scores)
        for result in self._scores.submit(key.project_id, scores, key.id):
            if isinstance(result, PenstockError):
                raise result
        return len(scores)

    def _token(self, presented: str, key: FeedbackKey) -> AnswerToken:
        token = verified_answer(presented, self._secret)
        if token is None:
            raise Forbidden("The answer token is wrong.", hint=_RENEW, code="answer_token_wrong")
        if token.expires_s * _SECOND_NS < self._clock.now_ns():
            raise Forbidden(
                "The answer token has expired.", hint=_RENEW, code="answer_token_expired"
            )
        if token.project_id != key.project_id:
            raise Forbidden(
                "The answer belongs to another project than the public key.",
                hint="Use a public key of the project that made the call.",
                code="answer_of_another_project",
            )
        return token


def _score(token: AnswerToken, item: FeedbackItem) -> Score:
    return Score(
        kind=ScoreKind.FEEDBACK,
        name=item.name.value,
        value=item.value,
        comment=item.comment,
        source=ScoreSource.USER,
        trace_id=token.trace_id,
        span_id=token.span_id,
    )
