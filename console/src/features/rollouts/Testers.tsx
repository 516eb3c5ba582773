import type { Rollout } from "@/shared/releases/queries";
import { Table, TableHead, HeadCell, Row, Cell } from "@/shared/ui/Table";

const UNITS = {
  request: "Each request is drawn by itself.",
  user: "A user always meets the same release.",
  session: "A session always meets the same release.",
};

/** Which unit always meets the same arm, and the testers who meet a fixed one. */
export function Testers({ rollout: { arms, sticky, overrides } }: { rollout: Rollout }) {
  if (arms.length < 2) return null;
  const testers = Object.entries(overrides);
  return (
    <section aria-label="Who meets which release" className="pt-8">
      <h2 className="mb-1 text-sm font-medium">Who meets which release</h2>
      <p className="text-sm text-ink-2">
        {UNITS[sticky]}{" "}
        {testers.length === 0
          ? "No tester has a fixed arm."
          : "Testers have a fixed arm, and take no part in the comparison."}
      </p>
      {testers.length > 0 && (
        <div className="max-h-72 max-w-lg overflow-y-auto pt-1">
          <Table label="Testers">
            <TableHead>
              <HeadCell>Tester</HeadCell>
              <HeadCell>Arm</HeadCell>
            </TableHead>
            <tbody>
              {testers.map(([unit, arm]) => (
                <Row key={unit}>
                  <Cell className="font-mono text-xs break-all">{unit}</Cell>
                  <Cell>{arm}</Cell>
                </Row>
              ))}
            </tbody>
          </Table>
        </div>
      )}
    </section>
  );
}
