import { useQuery } from "@tanstack/react-query";

import { rateText } from "@/features/annotation/labels";
import { judgesQuery, type Judge } from "@/features/annotation/queries";
import { formatCount } from "@/shared/format/number";
import { useProjectId } from "@/shared/session";
import { Badge } from "@/shared/ui/Badge";
import { EmptyState } from "@/shared/ui/EmptyState";
import { Fact, Facts } from "@/shared/ui/Facts";
import { QueryContent } from "@/shared/ui/QueryContent";
import { Cell, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";

/** How well judges agree with human labels. */
export function JudgeTable() {
  const query = useQuery(judgesQuery(useProjectId()));
  return (
    <QueryContent query={query}>
      {({ items }) =>
        items.length === 0 ? (
          <EmptyState title="No judge has human labels yet">
            Fill a queue with results of a run, whose score has the name of the judge’s metric, and
            label them.
          </EmptyState>
        ) : (
          <ul aria-label="Judges" className="flex flex-col gap-10 pt-2">
            {items.map((judge, index) => (
              <li key={index}>
                <JudgeQuality judge={judge} />
              </li>
            ))}
          </ul>
        )
      }
    </QueryContent>
  );
}

function JudgeQuality({ judge }: { judge: Judge }) {
  const { metric, kind, options, queue, labels, order, reason } = judge;
  return (
    <section aria-label={metric}>
      <h2 className="mb-2 flex flex-wrap items-center gap-2 text-base font-medium">
        {metric} <Badge>{kind}</Badge>
        {typeof options["model"] === "string" && <Badge>{options["model"]}</Badge>}
        {order?.biased && <Badge tone="danger">prefers one place</Badge>}
        {judge.kappa && judge.kappa.low <= 0 && (
          <Badge tone="danger">not shown to be better than a random judge</Badge>
        )}
      </h2>
      {reason && <p className="pb-2 text-sm text-ink-2">{reason}</p>}
      <Facts label={`Quality of ${metric}`}>
        <Fact name="Human labels">
          {formatCount(labels)} from {queue}
          {judge.compared_items < judge.labelled_items &&
            ` (its first ${formatCount(judge.compared_items)} of ${formatCount(judge.labelled_items)} labelled items)`}
        </Fact>
        <Fact name="Cohen’s κ (95 %)">{rateText(judge.kappa)}</Fact>
        <Fact name="Agreement">{rateText(judge.agreement)}</Fact>
        <Fact name={`Sensitivity, of ${judge.positives ?? 0} yes`}>
          {rateText(judge.sensitivity)}
        </Fact>
        <Fact name={`Specificity, of ${judge.negatives ?? 0} no`}>
          {rateText(judge.specificity)}
        </Fact>
        {order && (
          <Fact name="Same place in both orders">
            first {order.both_first}, second {order.both_second}
          </Fact>
        )}
      </Facts>
      <Confusion judge={judge} />
    </section>
  );
}

/** How often annotators gave one label and the judge another. */
function Confusion({ judge: { metric, confusion } }: { judge: Judge }) {
  const humans = [...new Set(confusion.map(({ human }) => human))];
  const judges = [...new Set([...humans, ...confusion.map((each) => each.judge)])].sort();
  const count = (human: string, judge: string) =>
    confusion.find((each) => each.human === human && each.judge === judge)?.count ?? 0;
  return (
    <div className="w-fit pt-3">
      <Table label={`Confusion of ${metric}`}>
        <TableHead>
          <HeadCell>Annotators say</HeadCell>
          {judges.map((judge) => (
            <HeadCell key={judge} numeric>
              judge: {judge}
            </HeadCell>
          ))}
        </TableHead>
        <tbody>
          {humans.map((human) => (
            <Row key={human}>
              <Cell>{human}</Cell>
              {judges.map((judge) => (
                <Cell key={judge} numeric className={human === judge ? "font-medium" : ""}>
                  {formatCount(count(human, judge))}
                </Cell>
              ))}
            </Row>
          ))}
        </tbody>
      </Table>
    </div>
  );
}
