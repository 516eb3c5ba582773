import { Link } from "@tanstack/react-router";

import { rangeOfCalls, type Batch } from "@/features/batches/queries";
import { formatCount } from "@/shared/format/number";
import { useProjectId } from "@/shared/session";
import { Badge, type Tone } from "@/shared/ui/Badge";
import { Cell, FROM_LG, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { Money, RelativeTime } from "@/shared/ui/Values";

const TONES: Record<Batch["state"], Tone> = {
  open: "accent",
  recorded: "ok",
  given_up: "danger",
};
const STATES: Record<Batch["state"], string> = {
  open: "followed",
  recorded: "recorded",
  given_up: "given up",
};

export function BatchTable({ batches }: { batches: readonly Batch[] }) {
  return (
    <Table label="Batches">
      <TableHead>
        <HeadCell>Batch</HeadCell>
        <HeadCell className={FROM_MD}>Model</HeadCell>
        <HeadCell>Status</HeadCell>
        <HeadCell className={FROM_LG}>
          <span title="How far the server is with it">State</span>
        </HeadCell>
        <HeadCell numeric className={FROM_MD}>
          <span title="Done of all, as the provider says">Requests</span>
        </HeadCell>
        <HeadCell numeric>Calls</HeadCell>
        <HeadCell numeric className={FROM_MD}>
          Errors
        </HeadCell>
        <HeadCell numeric>Cost</HeadCell>
        <HeadCell className={FROM_MD}>Made</HeadCell>
      </TableHead>
      <tbody>
        {batches.map((batch) => (
          <BatchRow key={batch.id} batch={batch} />
        ))}
      </tbody>
    </Table>
  );
}

function BatchRow({ batch }: { batch: Batch }) {
  const { requests, recorded } = batch;
  return (
    <Row>
      <Cell className="w-full max-w-0 min-w-20 py-1.5">
        <p className="truncate font-mono text-xs" title={batch.batch}>
          {batch.id}
        </p>
        <p className="truncate text-xs text-ink-3">
          {[batch.use_case, batch.problem].filter(Boolean).join(" · ")}
        </p>
      </Cell>
      <Cell className={`whitespace-nowrap text-ink-2 ${FROM_MD}`}>
        {batch.provider}/{batch.model}
      </Cell>
      <Cell className="whitespace-nowrap">{batch.status || "–"}</Cell>
      <Cell className={FROM_LG}>
        <Badge tone={TONES[batch.state]}>{STATES[batch.state]}</Badge>
      </Cell>
      <Cell numeric className={FROM_MD}>
        {formatCount(requests.completed + requests.failed)} / {formatCount(requests.total)}
      </Cell>
      <Cell numeric>
        <CallsLink batch={batch} />
      </Cell>
      <Cell numeric className={FROM_MD}>
        <span title={`${formatCount(recorded.unreadable)} lines could not be read`}>
          {formatCount(recorded.errors)}
        </span>
      </Cell>
      <Cell numeric>
        <Money amount={recorded.calls > 0 && isUnpriced(batch) ? null : recorded.cost} />
      </Cell>
      <Cell className={`whitespace-nowrap text-ink-2 ${FROM_MD}`}>
        <RelativeTime at={batch.created_at} />
      </Cell>
    </Row>
  );
}

const isUnpriced = ({ recorded }: Batch) =>
  recorded.unpriced > 0 && recorded.unpriced === recorded.calls - recorded.errors;

/** The number of recorded calls, as a link to them. */
function CallsLink({ batch }: { batch: Batch }) {
  const projectId = useProjectId();
  const range = rangeOfCalls(batch);
  const count = formatCount(batch.recorded.calls);
  if (range === null || batch.recorded.calls === 0) return count;
  return (
    <Link
      to="/projects/$projectId/traces"
      params={{ projectId }}
      search={{ batch_id: [batch.id], ...range }}
      className="text-accent hover:underline"
    >
      {count}
    </Link>
  );
}
