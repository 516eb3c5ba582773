import { useQuery } from "@tanstack/react-query";

import { usageQuery } from "@/shared/api/usage";
import { formatCount, formatShare } from "@/shared/format/number";
import { useProjectId } from "@/shared/session";
import { Cell } from "@/shared/ui/Table";
import { Duration } from "@/shared/ui/Values";

/** What came through a provider in the last 24 hours; every number leads to its calls. */
export function UsageCells({ name }: { name: string }) {
  const projectId = useProjectId();
  const usage = useQuery(usageQuery(projectId)).data?.byProvider.get(name);
  if (!usage) {
    return ["calls", "errors", "latency"].map((column) => (
      <Cell key={column} numeric className="text-ink-3">
        –
      </Cell>
    ));
  }
  return (
    <>
      <Cell numeric>{formatCount(usage.requests)}</Cell>
      <Cell numeric className={usage.errors > 0 ? "text-danger" : "text-ink-3"}>
        {formatShare(usage.errors / usage.requests)}
      </Cell>
      <Cell numeric>
        <Duration ms={usage.latency_ms?.p50 ?? null} />
      </Cell>
    </>
  );
}
