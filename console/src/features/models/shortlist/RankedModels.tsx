import type { Finding, RankedModel, Shortlist } from "@/features/models/shortlist/queries";
import { formatRetirement, retirementTone } from "@/features/models/facts";
import { formatMoney } from "@/shared/format/money";
import { formatCount, formatShare } from "@/shared/format/number";
import { Badge, type Tone } from "@/shared/ui/Badge";
import { Cell, FROM_LG, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { Duration } from "@/shared/ui/Values";

const TONES: Record<Finding["result"], Tone> = { met: "ok", unknown: "warn", unmet: "neutral" };
const SIGNS: Record<Finding["result"], string> = { met: "✓", unknown: "?", unmet: "–" };

/** The models that may be used, with the reasons for their place. */
export function RankedModels({ found: { ranked, ranked_count } }: { found: Shortlist }) {
  return (
    <section aria-label="Models that fit" className="pt-4">
      <h2 className="mb-1 text-sm font-medium">
        {formatCount(ranked_count)} {ranked_count === 1 ? "model fits" : "models fit"}
      </h2>
      <Table label="Models that fit">
        <TableHead>
          <HeadCell numeric>#</HeadCell>
          <HeadCell>Model</HeadCell>
          <HeadCell numeric>Cost of a call</HeadCell>
          <HeadCell numeric className={FROM_LG}>
            Your calls
          </HeadCell>
          <HeadCell numeric className={FROM_LG}>
            Median
          </HeadCell>
          <HeadCell numeric className={FROM_LG}>
            Errors
          </HeadCell>
          <HeadCell className={`w-full ${FROM_MD}`}>Reasons</HeadCell>
        </TableHead>
        <tbody>
          {ranked.map((each) => (
            <RankedRow key={each.send_as} model={each} />
          ))}
        </tbody>
      </Table>
    </section>
  );
}

function RankedRow({ model }: { model: RankedModel }) {
  const { rank, send_as, cost, measured, retirement, findings, preferences } = model;
  return (
    <Row>
      <Cell numeric className="align-top leading-9">
        {rank}
      </Cell>
      <Cell className="max-w-64 min-w-36 py-2 align-top break-words">
        <span className="font-medium">{send_as}</span>{" "}
        {retirement?.warns && (
          <Badge tone={retirementTone(retirement)}>{formatRetirement(retirement)}</Badge>
        )}
        <div className="pt-1 md:hidden">
          <Reasons findings={[...findings, ...preferences.flatMap((each) => each.findings)]} />
        </div>
      </Cell>
      <Cell numeric className="align-top leading-9 whitespace-nowrap">
        <span title={cost.basis}>{cost.usd === null ? "?" : formatMoney(cost.usd)}</span>
      </Cell>
      <Cell numeric className={`align-top leading-9 ${FROM_LG}`}>
        {measured.calls ? formatCount(measured.calls) : "–"}
      </Cell>
      <Cell numeric className={`align-top leading-9 ${FROM_LG}`}>
        <Duration ms={measured.latency_ms} />
      </Cell>
      <Cell numeric className={`align-top leading-9 ${FROM_LG}`}>
        {measured.calls ? formatShare(measured.errors / measured.calls) : "–"}
      </Cell>
      <Cell className={`py-2 align-top ${FROM_MD}`}>
        <Reasons findings={[...findings, ...preferences.flatMap((each) => each.findings)]} />
      </Cell>
    </Row>
  );
}

/** What each constraint and preference found. */
export function Reasons({ findings }: { findings: readonly Finding[] }) {
  return (
    <ul className="flex flex-col gap-1">
      {findings.map(({ about, result, reason }) => (
        <li key={about + reason} className="flex items-start gap-2 text-xs text-ink-2">
          <Badge tone={TONES[result]}>
            <span aria-label={result}>{SIGNS[result]}</span>
          </Badge>
          <span className="pt-0.5">{reason}</span>
        </li>
      ))}
    </ul>
  );
}
