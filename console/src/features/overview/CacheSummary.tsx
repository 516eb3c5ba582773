import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { cacheQuery } from "@/shared/calls/queries";
import type { CallSearch } from "@/shared/calls/search";
import { formatExactMoney, formatMoney } from "@/shared/format/money";
import { formatCount, formatShare } from "@/shared/format/number";
import { useProjectId } from "@/shared/session";

/** What the exact cache did; nothing if it answered no call. */
export function CacheSummary({ search }: { search: CallSearch }) {
  const projectId = useProjectId();
  const cache = useQuery(cacheQuery(projectId, search)).data;
  if (!cache || cache.hits === 0) return null;
  const { requests, hits, saved, unpriced } = cache;
  return (
    <section aria-label="Exact cache" className="pt-8">
      <p className="rounded-md bg-sunken px-3 py-2 text-sm">
        <span className="font-medium">Exact cache</span>
        <span className="num text-ink-2">
          {" "}
          answered{" "}
          <Link
            to="/projects/$projectId/traces"
            params={{ projectId }}
            search={{ ...search, cached_only: true }}
            className="font-medium text-ink hover:text-accent hover:underline"
          >
            {formatCount(hits)} {hits === 1 ? "call" : "calls"}
          </Link>{" "}
          ({formatShare(hits / requests)}) and saved{" "}
          <span className="font-medium text-ink" title={formatExactMoney(saved)}>
            {formatMoney(saved)}
          </span>
          {unpriced > 0 && `; the saving of ${formatCount(unpriced)} is not known`}.
        </span>
      </p>
    </section>
  );
}
