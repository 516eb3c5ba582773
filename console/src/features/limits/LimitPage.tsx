import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
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
import { DetailHeader, DetailPage } from "@/shared/ui/DetailPage";
import { QueryContent } from "@/shared/ui/QueryContent";
import { DangerMenuItem, RowMenu } from "@/shared/ui/RowMenu";

const FROM = "/signed-in/projects/$projectId/limits/$limitId";

/** A limit: what is used of it, when that was, and how it goes on. */
export function LimitPage() {
  const { projectId, limitId } = useParams({ from: FROM });
  const { value = [] } = useSearch({ from: FROM });
  const query = useQuery(limitQuery(projectId, limitId, value));
  return (
    <DetailPage list={{ to: "/projects/$projectId/limits", name: "Limits" }}>
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
    </DetailPage>
  );
}

function Header({ limit }: { limit: Limit | undefined }) {
  const canWrite = useHasRole("admin");
  const { projectId } = useParams({ from: FROM });
  const navigate = useNavigate();
  const [open, setOpen] = useState<"edit" | "remove" | null>(null);
  return (
    <>
      <DetailHeader
        title={limit?.name ?? "Limit"}
        note={limit && <span className="num text-sm text-ink-2">{describeAmount(limit)}</span>}
        actions={
          canWrite &&
          limit && (
            <>
              <Button onClick={() => setOpen("edit")}>Edit</Button>
              <RowMenu subject={limit.name}>
                <DangerMenuItem onSelect={() => setOpen("remove")}>Remove…</DangerMenuItem>
              </RowMenu>
            </>
          )
        }
      />
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
    </>
  );
}
