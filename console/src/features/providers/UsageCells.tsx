import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { usageQuery } from "@/shared/api/usage";
import { formatCount, formatShare } from "@/shared/format/number";
import { useProjectId } from "@/shared/session";
import { cx } from "@/shared/ui/classes";
import { Cell, FROM_LG, FROM_MD } from "@/shared/ui/Table";
import { Duration } from "@/shared/ui/Values";

const LINK_CLASSES = "hover:text-accent hover:underline";

/** A provider's calls, errors and latency in the last 24 hours, linked to the calls. */
export function UsageCells({ name }: { name: string }) {
  const projectId = useProjectId();
  const usage = useQuery(usageQuery(projectId)).data?.byProvider.get(name);
  if (!usage) {
    return [FROM_MD, FROM_MD, FROM_LG].map((width, column) => (
      <Cell key={column} numeric className={cx("text-ink-3", width)}>
        –
      </Cell>
    ));
  }
  const to = { to: "/projects/$projectId/traces", params: { projectId } } as const;
  return (
    <>
      <Cell numeric className={FROM_MD}>
        <Link {...to} search={{ provider: [name] }} className={LINK_CLASSES}>
          {formatCount(usage.requests)}
        </Link>
      </Cell>
      <Cell numeric className={cx(usage.errors > 0 ? "text-danger" : "text-ink-3", FROM_MD)}>
        <Link {...to} search={{ provider: [name], errors_only: true }} className={LINK_CLASSES}>
          {formatShare(usage.errors / usage.requests)}
        </Link>
      </Cell>
      <Cell numeric className={FROM_LG}>
        <Duration ms={usage.latency_ms?.p50 ?? null} />
      </Cell>
    </>
  );
}
