"""`…/annotation/judges` and the agreement of annotators and judges."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.annotation.http.queues import TAGS
from penstock.features.annotation.service.judges import Judge, JudgeCalibration
from penstock.infra.web.pages import Page
from penstock.infra.web.rates import RateView
from penstock.rules.annotation.agreement import PairAgreement, QueueAgreement


class PairAgreementView(BaseModel):
    """Two annotators on the items that both have labelled. `reason`: why there is no kappa."""

    first: str
    second: str
    items: int
    agreed: int
    kappa: RateView | None
    reason: str

    @classmethod
    def of(cls, found: PairAgreement) -> "PairAgreementView":
        fields: dict[str, Any] = found._asdict() | {"kappa": RateView.of(found.kappa)}
        return cls(**fields)


class QueueAgreementView(BaseModel):
    """The agreement of annotators over the `items` that were compared: the first of those with two
    labels or more (`shared_items`); of spans later ones are not read. `reason`: why a figure is
    null."""

    labelled: int
    shared_items: int
    items: int
    differing: int
    measure: str
    estimate: float | None
    interval: RateView | None
    reason: str
    pairs: list[PairAgreementView]

    @classmethod
    def of(cls, found: QueueAgreement) -> "QueueAgreementView":
        fields: dict[str, Any] = found._asdict()
        fields |= {
            "shared_items": fields.pop("shared"),
            "interval": RateView.of(found.interval),
            "pairs": [PairAgreementView.of(each) for each in found.pairs],
        }
        return cls(**fields)


class JudgeConfusionView(BaseModel):
    """The answers for which annotators gave one label and the judge the other."""

    human: str
    judge: str
    count: int


class JudgeOrderView(BaseModel):
    """A pairwise judge asked in both orders: `both_first`, `both_second` are answers for which it
    chose the same place both times."""

    both_first: int
    both_second: int
    p_bias: float
    biased: bool


class JudgeView(BaseModel):
    """A judge beside the human labels. `sensitivity`: the share of the human yes that it finds;
    `specificity`: of the human no. `compared_items`: the first labelled items of the queue, of
    `labelled_items`; later ones are not read. `reason`: why a figure is null."""

    metric: str
    kind: str
    options: dict[str, Any]
    queue: str
    runs: list[str]
    labels: int
    compared_items: int
    labelled_items: int
    agreement: RateView | None
    kappa: RateView | None
    sensitivity: RateView | None
    specificity: RateView | None
    positives: int | None
    negatives: int | None
    confusion: list[JudgeConfusionView]
    order: JudgeOrderView | None
    reason: str

    @classmethod
    def of(cls, judge: Judge) -> "JudgeView":
        found, quality, order = judge.figures, judge.figures.quality, judge.figures.order
        return cls(
            metric=judge.choice.name,
            kind=judge.choice.kind,
            options=judge.choice.options,
            queue=judge.queue.name,
            runs=list(judge.runs),
            labels=found.labels,
            compared_items=judge.compared,
            labelled_items=judge.labelled,
            agreement=RateView.of(found.agreement),
            kappa=RateView.of(found.kappa),
            sensitivity=RateView.of(quality.sensitivity) if quality else None,
            specificity=RateView.of(quality.specificity) if quality else None,
            positives=quality.positives if quality else None,
            negatives=quality.negatives if quality else None,
            confusion=[
                JudgeConfusionView(human=each.human, judge=each.judge, count=each.count)
                for each in found.confusion
            ],
            order=order
            and JudgeOrderView(
                both_first=order.both_first,
                both_second=order.both_second,
                p_bias=order.p_bias,
                biased=order.biased,
            ),
            reason=found.reason,
        )


def judge_routes(require: RequirePermission, calibration: JudgeCalibration) -> APIRouter:
    """Returns the route of judges."""
    router = APIRouter(prefix="/api/v1/projects/{project_id}/annotation/judges", tags=[*TAGS])
    may_read = Depends(require(Permission.EVALUATIONS_READ))

    @router.get("")
    def list_judges(access: Annotated[Access, may_read]) -> Page[JudgeView]:
        """Lists the evaluators whose answers have human labels, too, with their agreement."""
        found = calibration.judges(access.project_id)
        return Page(items=[JudgeView.of(each) for each in found])

    return router
