import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { ChevronLeft } from "lucide-react";
import { useState } from "react";

import { CounterTable } from "@/features/limits/CounterTable";
import { EditLimitDialog } from "@/features/limits/LimitDialogs";
import { LimitSettings } from "@/features/limits/LimitSettings";
import { LimitUsage } from "@/features/limits/LimitUsage";
import { describeAmount } from "@/features/limits/measures";
import { limitQuery, type Limit } from "@/features/limits/queries";
import { RemoveLimitDialog } from "@/features/limits/RemoveLimitDialog";
import { useHasRole } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { QueryContent } from "@/shared/ui/QueryContent";
import { DangerMenuItem, RowMenu } from "@/shared/ui/RowMenu";

const FROM = "/signed-in/projects/$projectId/limits/$limitId";

/** A limit: what is used of it, when that was, and how it goes on. */
export function LimitPage() {
  const { projectId, limitId } = useParams({ from: FROM });
  const { value = [] } = useSearch({ from: FROM });
  const query = useQuery(limitQuery(projectId, limitId, value));
  return (
    <main className="thin-scroll h-full overflow-y-auto">
      <div className="mx-auto max-w-[1280px] px-6 pb-16">
        <Link
          to="/projects/$projectId/limits"
          params={{ projectId }}
          className="mt-3 -ml-1 inline-flex items-center gap-0.5 text-xs text-ink-3 hover:text-ink"
        >
          <ChevronLeft size={14} />
          Limits
        </Link>
        <Header limit={query.data} />
        <QueryContent query={query}>
          {(limit) => (
            <>
              <LimitSettings limit={limit} />
              {limit.use && (
                <LimitUsage key={value.join("\n")} limit={limit} use={limit.use} value={value} />
              )}
              {limit.per.length > 0 && <CounterTable limit={limit} selected={value} />}
            </>
          )}
        </QueryContent>
      </div>
    </main>
  );
}

function Header({ limit }: { limit: Limit | undefined }) {
  const canWrite = useHasRole("admin");
  const { projectId } = useParams({ from: FROM });
  const navigate = useNavigate();
  const [open, setOpen] = useState<"edit" | "remove" | null>(null);
  return (
    <header className="flex min-h-14 flex-wrap items-center justify-between gap-x-4 gap-y-2 py-2">
      <div className="flex min-w-0 flex-wrap items-baseline gap-x-3">
        <h1 className="min-w-0 text-lg font-semibold tracking-tight break-words">
          {limit?.name ?? "Limit"}
        </h1>
        {limit && <span className="num text-sm text-ink-2">{describeAmount(limit)}</span>}
      </div>
      {canWrite && limit && (
        <div className="flex items-center gap-1">
          <Button onClick={() => setOpen("edit")}>Edit</Button>
          <RowMenu subject={limit.name}>
            <DangerMenuItem onSelect={() => setOpen("remove")}>Remove…</DangerMenuItem>
          </RowMenu>
        </div>
      )}
      {limit && open === "edit" && <EditLimitDialog limit={limit} onClose={() => setOpen(null)} />}
      {limit && open === "remove" && (
        <RemoveLimitDialog
          limit={limit}
          onClose={() => setOpen(null)}
          onRemoved={() =>
            void navigate({ to: "/projects/$projectId/limits", params: { projectId } })
          }
        />
      )}
    </header>
  );
}
