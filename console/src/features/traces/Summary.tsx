import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { Histogram } from "@/features/traces/Histogram";
import type { Schemas } from "@/shared/api/client";
import { overviewQuery } from "@/shared/calls/queries";
import type { CallSearch } from "@/shared/calls/search";
import { formatMoney } from "@/shared/format/money";
import { formatCount, formatShare, formatCompactCount } from "@/shared/format/number";
import { formatDuration } from "@/shared/format/time";
import { useProjectId } from "@/shared/session";
import { Skeleton } from "@/shared/ui/Skeleton";

interface SummaryProps {
  search: CallSearch;
  onChange: (search: CallSearch) => void;
}

/** A histogram and the totals of the listed calls. */
export function Summary({ search, onChange }: SummaryProps) {
  const overview = useQuery(overviewQuery(useProjectId(), search)).data;
  return (
    <section
      aria-label="Summary"
      className="flex shrink-0 items-end gap-8 border-b border-line px-6 pb-3"
    >
      <div className="h-10 min-w-0 flex-1">
        {overview ? (
          <Histogram
            series={overview.series}
            bucketMs={overview.bucket_s * 1000}
            onSelect={(from, to) => onChange({ ...search, range: undefined, from, to })}
          />
        ) : (
          <Skeleton className="h-10" />
        )}
      </div>
      {overview && <Totals totals={overview.totals} />}
    </section>
  );
}

function Totals({ totals }: { totals: Schemas["MeasuresOut"] }) {
  const share = totals.requests ? totals.errors / totals.requests : 0;
  const tokens = totals.input_tokens + totals.output_tokens;
  return (
    <dl className="flex gap-6 max-lg:hidden">
      <Total name="Calls">{formatCount(totals.requests)}</Total>
      <Total name="Errors">
        <span className={totals.errors ? "text-danger" : ""}>{formatShare(share)}</span>
      </Total>
      <Total name="Latency p50">
        {totals.latency_ms ? formatDuration(totals.latency_ms.p50) : "–"}
      </Total>
      <Total name="Latency p95">
        {totals.latency_ms ? formatDuration(totals.latency_ms.p95) : "–"}
      </Total>
      <Total name="Tokens">{formatCompactCount(tokens)}</Total>
      <Total name="Cost">{formatMoney(totals.cost)}</Total>
    </dl>
  );
}

function Total({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="text-right">
      <dt className="text-xs text-ink-3">{name}</dt>
      <dd className="num text-sm font-medium whitespace-nowrap">{children}</dd>
    </div>
  );
}
