import { useQuery } from "@tanstack/react-query";
import { ShieldCheck } from "lucide-react";

import { verificationQuery, type Scope } from "@/features/audit/queries";
import type { Schemas } from "@/shared/api/client";
import { formatCount } from "@/shared/format/number";
import { Button } from "@/shared/ui/Button";
import { Copyable } from "@/shared/ui/Copyable";
import { ErrorNotice } from "@/shared/ui/ErrorState";
import { Notice } from "@/shared/ui/Notice";
import { Skeleton } from "@/shared/ui/Skeleton";
import { RelativeTime } from "@/shared/ui/Values";

type ChainView = Schemas["ChainView"];

/** Shows whether the hash chain is intact. Verifies it on opening and on request. */
export function ChainVerification({ scope }: { scope: Scope }) {
  const query = useQuery(verificationQuery(scope));
  if (query.isPending) return <Skeleton className="mb-4 h-8" />;
  if (query.isError) {
    return <ErrorNotice error={query.error} />;
  }
  const own = query.data.chains.find((chain) => chain.project_id === scope);
  return (
    <section aria-label="Verification" className="mb-4 flex flex-col gap-2">
      <div className="flex min-h-8 flex-wrap items-center gap-x-4 gap-y-1 text-ink-2">
        {query.data.ok && own && <ChainIntact chain={own} chainCount={query.data.chains.length} />}
        <span className="text-ink-3">
          verified <RelativeTime at={new Date(query.dataUpdatedAt).toISOString()} />
        </span>
        <Button
          kind="quiet"
          className="-ml-2 h-7 px-2"
          busy={query.isFetching}
          onClick={() => void query.refetch()}
        >
          Verify again
        </Button>
      </div>
      {query.data.chains.map((chain) => (
        <ChainBroken key={chain.project_id} chain={chain} />
      ))}
    </section>
  );
}

function ChainIntact({ chain, chainCount }: { chain: ChainView; chainCount: number }) {
  return (
    <>
      <span className="inline-flex items-center gap-1.5 font-medium text-ok">
        <ShieldCheck size={16} aria-hidden />
        {chainCount === 1 ? "Chain intact" : `All ${chainCount} chains intact`}
      </span>
      <span className="num">
        {formatCount(chain.event_count)} {chain.event_count === 1 ? "event" : "events"}
      </span>
      <span
        className="inline-flex items-center gap-1.5"
        title="Store this hash outside Penstock to detect a rollback of the log to an older copy."
      >
        latest hash
        <Copyable value={chain.head} label="latest hash">
          {chain.head.slice(0, 16)}…
        </Copyable>
      </span>
    </>
  );
}

function ChainBroken({ chain }: { chain: ChainView }) {
  if (!chain.breach) return null;
  const { sequence, reason, event_id } = chain.breach;
  return (
    <Notice tone="danger">
      <strong className="font-medium">
        The audit log of {chain.project_id ? `project ${chain.project_id}` : "the instance"} was
        modified.
      </strong>{" "}
      Event <span className="num">{sequence}</span>: {reason}{" "}
      <span className="font-mono text-xs">{event_id}</span>
    </Notice>
  );
}
