import type { Span } from "@/features/traces/detail/queries";
import { formatExactMoney } from "@/shared/format/money";
import { formatCount } from "@/shared/format/number";
import { Cell, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";

const TOKENS = [
  ["input_tokens", "Input", false],
  ["cache_read_tokens", "cache read", true],
  ["cache_audio_read_tokens", "of it audio", true],
  ["cache_image_read_tokens", "of it images", true],
  ["cache_write_tokens", "cache write", true],
  ["cache_write_1h_tokens", "of it for an hour", true],
  ["input_audio_tokens", "audio", true],
  ["input_image_tokens", "images", true],
  ["output_tokens", "Output", false],
  ["reasoning_tokens", "reasoning", true],
  ["output_audio_tokens", "audio", true],
  ["output_image_tokens", "images", true],
] as const;

const OTHERS = [
  ["web_searches", "Web searches"],
  ["input_audio_seconds", "Seconds of audio"],
  ["rerank_searches", "Rerank searches"],
  ["input_characters", "Characters"],
] as const;

/** Tokens, and how the cost is calculated from them. */
export function UsageAndCost({ span }: { span: Span }) {
  return (
    <div className="grid gap-10 lg:grid-cols-[minmax(220px,1fr)_minmax(0,2fr)]">
      <Tokens span={span} />
      <Cost span={span} />
    </div>
  );
}

function Tokens({ span }: { span: Span }) {
  const usage = span.usage;
  if (!usage) return <p className="text-sm text-ink-3">No token usage reported.</p>;
  const shown = TOKENS.filter(([field, , isPart]) => !isPart || usage[field] > 0);
  return (
    <section>
      <h3 className="mb-1 text-sm font-medium">Tokens</h3>
      <dl>
        {shown.map(([field, name, isPart]) => (
          <div key={field} className="flex h-8 items-center justify-between border-b border-line">
            <dt className={isPart ? "pl-4 text-ink-3" : "text-ink-2"}>{name}</dt>
            <dd className="num">{formatCount(usage[field])}</dd>
          </div>
        ))}
      </dl>
      <p className="mt-2 text-xs text-ink-3">
        {OTHERS.filter(([field]) => usage[field] > 0).map(
          ([field, name]) => `${name}: ${formatCount(usage[field])}. `,
        )}
        {sourceOf(usage.source)}
      </p>
    </section>
  );
}

function sourceOf(source: string): string {
  return source === "provider" ? "Counted by the provider." : `Source: ${source || "unknown"}.`;
}

function Cost({ span }: { span: Span }) {
  const { cost, usage } = span;
  const others = OTHERS.filter(([field]) => usage && usage[field] > 0).map(([, name]) => name);
  if (!cost && !usage?.input_tokens && !usage?.output_tokens && others.length === 0) {
    return <p className="text-sm text-ink-2">No tokens were reported, so there is no cost.</p>;
  }
  if (!cost) {
    return (
      <section>
        <h3 className="mb-1 text-sm font-medium">Cost</h3>
        <p className="text-sm text-ink-2">
          {others.length > 0
            ? `No price is known for this model and its ${others.join(", ").toLowerCase()}.`
            : "No price is known for this model."}{" "}
          Add a price to calculate the cost of future calls.
        </p>
      </section>
    );
  }
  return (
    <section>
      <h3 className="mb-1 text-sm font-medium">Cost</h3>
      <Table label="Cost breakdown">
        <TableHead>
          <HeadCell>Item</HeadCell>
          <HeadCell numeric>Quantity</HeadCell>
          <HeadCell numeric>Price</HeadCell>
          <HeadCell numeric>Amount</HeadCell>
        </TableHead>
        <tbody>
          {cost.lines.map((line) => (
            <Row key={line.unit}>
              <Cell className="text-ink-2">{line.unit.replaceAll("_", " ")}</Cell>
              <Cell numeric>{formatCount(line.count)}</Cell>
              <Cell numeric className="text-ink-2">
                {formatExactMoney(line.price)} / {perOf(line.per)}
              </Cell>
              <Cell numeric>{formatExactMoney(line.amount)}</Cell>
            </Row>
          ))}
          <tr>
            <Cell className="font-medium">Total</Cell>
            <Cell />
            <Cell />
            <Cell numeric className="font-medium">
              {formatExactMoney(cost.amount)}
            </Cell>
          </tr>
        </tbody>
      </Table>
      <p className="mt-2 text-xs break-all text-ink-3">Price: {cost.price_id}</p>
    </section>
  );
}

function perOf(per: number): string {
  if (per === 1_000_000) return "1M";
  return per === 1 ? "each" : formatCount(per);
}
