import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";

import { AddLimitDialog, EditLimitDialog } from "@/features/limits/LimitDialogs";
import { LimitTable } from "@/features/limits/LimitTable";
import { limitsQuery, type Limit } from "@/features/limits/queries";
import { RemoveLimitDialog } from "@/features/limits/RemoveLimitDialog";
import { byUse, matches } from "@/features/limits/state";
import { useHasRole, useProjectId } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { EmptyState } from "@/shared/ui/EmptyState";
import { Page } from "@/shared/ui/Page";
import { QueryContent } from "@/shared/ui/QueryContent";
import { SearchInput } from "@/shared/ui/SearchInput";
import { SegmentedControl } from "@/shared/ui/SegmentedControl";

/** A search field and an order are shown above lists longer than this. */
const SEARCH_ABOVE = 8;
const ORDERS = [
  { value: "name", name: "By name" },
  { value: "used", name: "Most used" },
] as const;

type OpenDialog = { kind: "add" } | { kind: "edit" | "remove"; limit: Limit } | null;

/** Limits and budgets of the project. */
export function LimitsPage() {
  const canWrite = useHasRole("admin");
  const query = useQuery(limitsQuery(useProjectId()));
  const [open, setOpen] = useState<OpenDialog>(null);
  const close = () => setOpen(null);
  const add = (
    <Button kind="primary" onClick={() => setOpen({ kind: "add" })}>
      Add limit
    </Button>
  );
  return (
    <Page title="Limits" actions={canWrite && add}>
      <QueryContent query={query}>
        {(limits) =>
          limits.length === 0 ? (
            <NoLimits action={canWrite && add} />
          ) : (
            <Limits limits={limits} canWrite={canWrite} onOpen={setOpen} />
          )
        }
      </QueryContent>
      {open?.kind === "add" && <AddLimitDialog onClose={close} />}
      {open?.kind === "edit" && <EditLimitDialog limit={open.limit} onClose={close} />}
      {open?.kind === "remove" && <RemoveLimitDialog limit={open.limit} onClose={close} />}
    </Page>
  );
}

function NoLimits({ action }: { action: ReactNode }) {
  return (
    <EmptyState title="No limits yet" action={action}>
      A limit bounds the requests, tokens, open calls or spend of this project, of one team, of each
      user, or of whatever calls have in common. Calls above it are rejected.
    </EmptyState>
  );
}

interface LimitsProps {
  limits: readonly Limit[];
  canWrite: boolean;
  onOpen: (open: OpenDialog) => void;
}

function Limits({ limits, canWrite, onOpen }: LimitsProps) {
  const { q = "", order = "name" } = useSearch({ from: "/signed-in/projects/$projectId/limits" });
  const navigate = useNavigate({ from: "/projects/$projectId/limits" });
  const found = limits.filter((limit) => matches(limit, q));
  const shown = order === "used" ? byUse(found) : found;
  return (
    <>
      {limits.length > SEARCH_ABOVE && (
        <div className="mb-2 flex flex-wrap items-center gap-x-4 gap-y-2">
          <SearchInput
            label="Search limits"
            value={q}
            onChange={(text) =>
              void navigate({
                search: (before) => ({ ...before, q: text || undefined }),
                replace: true,
              })
            }
          />
          <SegmentedControl
            label="Order"
            options={ORDERS}
            value={order}
            onChange={(value) =>
              void navigate({
                search: (before) => ({ ...before, order: value === "used" ? "used" : undefined }),
                replace: true,
              })
            }
          />
          <span className="num text-xs text-ink-3">
            {found.length} of {limits.length}
          </span>
        </div>
      )}
      {shown.length === 0 ? (
        <EmptyState title="No matching limits">The search covers names and scopes.</EmptyState>
      ) : (
        <LimitTable
          limits={shown}
          {...(canWrite && {
            actions: {
              onEdit: (limit: Limit) => onOpen({ kind: "edit", limit }),
              onRemove: (limit: Limit) => onOpen({ kind: "remove", limit }),
            },
          })}
        />
      )}
    </>
  );
}
