import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { usageQuery } from "@/shared/api/usage";
import { formatCount, formatShare } from "@/shared/format/number";
import { useProjectId } from "@/shared/session";
import { cx } from "@/shared/ui/classes";
import { Cell } from "@/shared/ui/Table";
import { Duration } from "@/shared/ui/Values";

/** What windows of less width do without. */
const MEDIUM = "max-md:hidden";
const WIDE = "max-lg:hidden";
const LINK = "hover:text-accent hover:underline";

/** What came through a provider in the last 24 hours; every number leads to its calls. */
export function UsageCells({ name }: { name: string }) {
  const projectId = useProjectId();
  const usage = useQuery(usageQuery(projectId)).data?.byProvider.get(name);
  if (!usage) {
    return [MEDIUM, MEDIUM, WIDE].map((width, column) => (
      <Cell key={column} numeric className={cx("text-ink-3", width)}>
        –
      </Cell>
    ));
  }
  const to = { to: "/projects/$projectId/traces", params: { projectId } } as const;
  return (
    <>
      <Cell numeric className={MEDIUM}>
        <Link {...to} search={{ provider: [name] }} className={LINK}>
          {formatCount(usage.requests)}
        </Link>
      </Cell>
      <Cell numeric className={cx(usage.errors > 0 ? "text-danger" : "text-ink-3", MEDIUM)}>
        <Link {...to} search={{ provider: [name], errors_only: true }} className={LINK}>
          {formatShare(usage.errors / usage.requests)}
        </Link>
      </Cell>
      <Cell numeric className={WIDE}>
        <Duration ms={usage.latency_ms?.p50 ?? null} />
      </Cell>
    </>
  );
}
