import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";

import { rateText } from "@/features/annotation/labels";
import { agreementQuery } from "@/features/annotation/queries";
import { formatCount } from "@/shared/format/number";
import { QueryContent } from "@/shared/ui/QueryContent";
import { Cell, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";

/** How well the annotators of a queue agree, with intervals; where there is no figure, why. */
export function AgreementFigures({ name }: { name: string }) {
  const { projectId } = useParams({ from: "/signed-in/projects/$projectId/annotation/$name" });
  const query = useQuery(agreementQuery(projectId, name));
  return (
    <section aria-label="Agreement" className="pt-6">
      <h2 className="mb-1 text-sm font-medium">Agreement</h2>
      <QueryContent query={query}>
        {({ measure, estimate, interval, reason, items, shared_items, pairs }) => (
          <>
            <p className="pb-2 text-sm text-ink-2">
              {estimate === null ? null : (
                <>
                  {measure}:{" "}
                  <span className="num font-medium text-ink">
                    {interval ? rateText(interval) : estimate.toFixed(2)}
                  </span>{" "}
                  over {items < shared_items && "the first "}
                  {formatCount(items)}
                  {items < shared_items && ` of ${formatCount(shared_items)}`} items with two labels
                  or more.{" "}
                </>
              )}
              {reason}
            </p>
            {pairs.length > 0 && (
              <Table label="Pairs of annotators">
                <TableHead>
                  <HeadCell className="w-full">Annotators</HeadCell>
                  <HeadCell numeric>Agree</HeadCell>
                  <HeadCell>Cohen’s κ (95 %)</HeadCell>
                </TableHead>
                <tbody>
                  {pairs.map((pair) => (
                    <Row key={`${pair.first} ${pair.second}`}>
                      <Cell>
                        {pair.first}, {pair.second}
                        {pair.reason && <p className="text-xs text-ink-3">{pair.reason}</p>}
                      </Cell>
                      <Cell numeric className="whitespace-nowrap">
                        {pair.agreed} of {pair.items}
                      </Cell>
                      <Cell className="num whitespace-nowrap">{rateText(pair.kappa)}</Cell>
                    </Row>
                  ))}
                </tbody>
              </Table>
            )}
          </>
        )}
      </QueryContent>
    </section>
  );
}
