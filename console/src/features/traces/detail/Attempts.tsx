import { RouteLink } from "@/features/traces/detail/RouteLink";
import { attemptsOf, type Attempt } from "@/features/traces/detail/attempts";
import type { Span } from "@/features/traces/detail/queries";
import { useRouteName } from "@/features/traces/detail/routeName";
import { DOT_CLASSES, statusTone } from "@/shared/calls/status";
import { cx } from "@/shared/ui/classes";
import { Cell, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { Duration, Money } from "@/shared/ui/Values";

interface AttemptsProps {
  call: Span;
  spans: readonly Span[];
  onSelect: (spanId: string) => void;
}

/** The attempts of a call in their order: where each went, and why the next one followed. Nothing
 * for a call with one attempt, whose numbers are those of the call. */
export function Attempts({ call, spans, onSelect }: AttemptsProps) {
  const attempts = attemptsOf(call, spans);
  const route = useRouteName(call);
  const hasCredentials = attempts.some(({ credential }) => credential);
  if (attempts.length < 2 && !hasCredentials) return null;
  return (
    <section aria-label="Attempts" className="mb-5">
      <h2 className="flex items-baseline gap-3 text-sm font-medium">
        Attempts
        {route && (
          <span className="text-xs font-normal">
            <span className="text-ink-3">of the route</span> <RouteLink name={route} />
          </span>
        )}
      </h2>
      <Table label="Attempts">
        <TableHead>
          <HeadCell numeric className="w-px">
            #
          </HeadCell>
          <HeadCell>Model</HeadCell>
          <HeadCell className="w-full">Result</HeadCell>
          {hasCredentials && <HeadCell>Credential</HeadCell>}
          <HeadCell numeric>Duration</HeadCell>
          <HeadCell numeric className="max-sm:hidden">
            Cost
          </HeadCell>
        </TableHead>
        <tbody>
          {attempts.map((attempt, index) => (
            <AttemptRow
              key={attempt.span.span_id}
              attempt={attempt}
              number={index + 1}
              hasCredentials={hasCredentials}
              onSelect={onSelect}
            />
          ))}
        </tbody>
      </Table>
    </section>
  );
}

interface AttemptRowProps {
  attempt: Attempt;
  number: number;
  hasCredentials: boolean;
  onSelect: (spanId: string) => void;
}

function AttemptRow({ attempt, number, hasCredentials, onSelect }: AttemptRowProps) {
  const { span, provider, model, credential } = attempt;
  return (
    <Row>
      <Cell numeric className="text-ink-3">
        {number}
      </Cell>
      <Cell className="max-w-56 min-w-28">
        <button
          type="button"
          title={`${provider}/${model}`}
          onClick={() => onSelect(span.span_id)}
          className="block max-w-full truncate rounded-sm font-mono text-xs hover:text-accent"
        >
          <span className="text-ink-3">{provider}/</span>
          {model}
        </button>
      </Cell>
      <Cell className="max-w-0">
        <Result span={span} />
      </Cell>
      {hasCredentials && (
        <Cell className="text-xs whitespace-nowrap">
          {credential || <span className="text-ink-3">–</span>}
        </Cell>
      )}
      <Cell numeric>
        <Duration ms={span.duration_ms} />
      </Cell>
      <Cell numeric className="max-sm:hidden">
        {span.cost ? <Money amount={span.cost.amount} /> : <span className="text-ink-3">–</span>}
      </Cell>
    </Row>
  );
}

/** The status; for a failure its type, HTTP status and message. */
function Result({ span: { status, error } }: { span: Span }) {
  const tone = statusTone(status);
  return (
    <div className="flex min-w-0 items-center gap-2 text-xs" title={error?.message}>
      <span aria-hidden className={cx("size-1.5 shrink-0 rounded-full", DOT_CLASSES[tone])} />
      {error ? (
        <>
          <span
            className={cx("truncate sm:shrink-0", tone === "danger" ? "text-danger" : "text-warn")}
          >
            {error.type}
            {error.http_status > 0 && ` (${error.http_status})`}
          </span>
          <span className="truncate text-ink-2 max-sm:hidden">{error.message}</span>
        </>
      ) : (
        status
      )}
    </div>
  );
}
