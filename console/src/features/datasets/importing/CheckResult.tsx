import type { FileCheck } from "@/features/datasets/importing/work";
import { itemText } from "@/shared/datasets/itemText";
import { formatCount } from "@/shared/format/number";
import { Notice } from "@/shared/ui/Notice";
import { Cell, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";

/** What a file would become: the number of items, the rows with errors, the first items. */
export function CheckResult({ check }: { check: FileCheck }) {
  const { items, errors, listed, first } = check;
  return (
    <section aria-label="Check" className="flex flex-col gap-3 pt-6">
      <h2 className="text-sm font-medium">
        {formatCount(items)} {items === 1 ? "item" : "items"}
        {errors > 0 && `, ${formatCount(errors)} ${errors === 1 ? "row" : "rows"} with errors`}
      </h2>
      {errors > 0 && (
        <Notice tone="danger">
          <ul aria-label="Errors" className="thin-scroll max-h-56 overflow-y-auto">
            {listed.map(({ place, message }) => (
              <li key={place}>
                <span className="font-medium">{place}</span>: {message}.
              </li>
            ))}
          </ul>
          {errors > listed.length && (
            <p className="pt-1 text-ink-2">
              and {formatCount(errors - listed.length)} more, not listed.
            </p>
          )}
        </Notice>
      )}
      {first.length > 0 && (
        <Table label="First items">
          <TableHead>
            <HeadCell className="w-1/2">Input</HeadCell>
            <HeadCell className="w-1/2">Expected</HeadCell>
            <HeadCell className={FROM_MD}>Split</HeadCell>
            <HeadCell className={FROM_MD}>Metadata</HeadCell>
          </TableHead>
          <tbody>
            {first.map((item) => (
              <Row key={item.source.place}>
                <Cell className="max-w-0 truncate">{itemText(item.input)}</Cell>
                <Cell className="max-w-0 truncate">{itemText(item.expected) || "–"}</Cell>
                <Cell className={FROM_MD}>{item.split || "–"}</Cell>
                <Cell className={`max-w-64 truncate text-ink-2 ${FROM_MD}`}>
                  {Object.keys(item.metadata ?? {}).join(", ") || "–"}
                </Cell>
              </Row>
            ))}
          </tbody>
        </Table>
      )}
    </section>
  );
}
