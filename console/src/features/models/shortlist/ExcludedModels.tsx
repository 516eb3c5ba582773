import type { Shortlist } from "@/features/models/shortlist/queries";
import { formatCount } from "@/shared/format/number";
import { Disclosure } from "@/shared/ui/Disclosure";
import { Cell, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";

/** The models that may not be used, with the constraints that they miss. */
export function ExcludedModels({
  found: { excluded, excluded_count, ranked },
}: {
  found: Shortlist;
}) {
  if (excluded_count === 0) return null;
  return (
    <section aria-label="Excluded models" className="pt-8">
      <Disclosure
        title={`${formatCount(excluded_count)} excluded, with the reasons`}
        open={ranked.length === 0}
      >
        <Table label="Excluded models">
          <TableHead>
            <HeadCell>Model</HeadCell>
            <HeadCell className="w-full">Because</HeadCell>
          </TableHead>
          <tbody>
            {excluded.map(({ send_as, reasons }) => (
              <Row key={send_as}>
                <Cell className="max-w-56 py-2 align-top font-medium break-all">{send_as}</Cell>
                <Cell className="py-2 align-top text-ink-2">
                  {reasons.map(({ reason }) => reason).join("; ")}
                </Cell>
              </Row>
            ))}
          </tbody>
        </Table>
        {excluded.length < excluded_count && (
          <p className="text-xs text-ink-3">
            The {excluded.length} that miss the fewest constraints are shown.
          </p>
        )}
      </Disclosure>
    </section>
  );
}
