import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { Histogram } from "@/features/traces/Histogram";
import type { Schemas } from "@/shared/api/client";
import { overviewQuery } from "@/shared/calls/queries";
import type { CallSearch } from "@/shared/calls/search";
import { formatMoney } from "@/shared/format/money";
import { formatCount, formatShare, formatShortCount } from "@/shared/format/number";
import { formatDuration } from "@/shared/format/time";
import { useProjectId } from "@/shared/session";
import { Skeleton } from "@/shared/ui/Skeleton";

interface SummaryProps {
  search: CallSearch;
  onChange: (search: CallSearch) => void;
}

/** What the list adds up to: a histogram to choose a time from, and the sums. */
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
      {overview && <Sums totals={overview.totals} />}
    </section>
  );
}

function Sums({ totals }: { totals: Schemas["MeasuresOut"] }) {
  const share = totals.requests ? totals.errors / totals.requests : 0;
  const tokens = totals.input_tokens + totals.output_tokens;
  return (
    <dl className="flex gap-6 max-lg:hidden">
      <Sum name="Calls">{formatCount(totals.requests)}</Sum>
      <Sum name="Errors">
        <span className={totals.errors ? "text-danger" : ""}>{formatShare(share)}</span>
      </Sum>
      <Sum name="p50">{totals.latency_ms ? formatDuration(totals.latency_ms.p50) : "–"}</Sum>
      <Sum name="p95">{totals.latency_ms ? formatDuration(totals.latency_ms.p95) : "–"}</Sum>
      <Sum name="Tokens">{formatShortCount(tokens)}</Sum>
      <Sum name="Cost">{formatMoney(totals.cost)}</Sum>
    </dl>
  );
}

function Sum({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="text-right">
      <dt className="text-xs text-ink-3">{name}</dt>
      <dd className="num text-sm font-medium whitespace-nowrap">{children}</dd>
    </div>
  );
}
