import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { X } from "lucide-react";
import { useCallback, useState, type ReactNode } from "react";

import { releasesQuery } from "@/features/releases/queries";
import { ReleaseTable } from "@/features/releases/ReleaseTable";
import type { ReleasesSearch } from "@/features/releases/search";
import { hasWords } from "@/shared/format/words";
import { shortHash } from "@/shared/releases/arms";
import { approvalsQuery } from "@/shared/releases/protection";
import type { Release } from "@/shared/releases/queries";
import { useHasRole, useProjectId } from "@/shared/session";
import { Badge } from "@/shared/ui/Badge";
import { Button, IconButton } from "@/shared/ui/Button";
import { EmptyState } from "@/shared/ui/EmptyState";
import { ErrorState } from "@/shared/ui/ErrorState";
import { LINK_BUTTON_CLASSES, PRIMARY_LINK_CLASSES } from "@/shared/ui/LinkButton";
import { Page } from "@/shared/ui/Page";
import { SearchInput } from "@/shared/ui/SearchInput";
import { SkeletonRows } from "@/shared/ui/Skeleton";
import { toggled } from "@/shared/ui/ToggleGroup";

const FROM = "/signed-in/projects/$projectId/releases";
const COMPARED = 2;

/** The releases of a project, newest first; two of them can be compared. */
export function ReleasesPage() {
  const projectId = useProjectId();
  const canWrite = useHasRole("editor");
  const search = useSearch({ from: FROM });
  const navigate = useNavigate({ from: "/projects/$projectId/releases" });
  const query = useInfiniteQuery(releasesQuery(projectId, search));
  const [selected, setSelected] = useState<readonly string[]>([]);
  const change = useCallback(
    (part: ReleasesSearch) =>
      void navigate({ search: (before) => ({ ...before, ...part }), replace: true }),
    [navigate],
  );
  const find = useCallback((q: string) => change({ q: q || undefined }), [change]);
  const releases = query.data?.pages.flatMap(({ items }) => items);
  const shown = releases?.filter((release) => matches(release, search.q ?? ""));
  const make = (
    <Link
      to="/projects/$projectId/releases/_new"
      params={{ projectId }}
      className={PRIMARY_LINK_CLASSES}
    >
      Make release
    </Link>
  );
  return (
    <Page
      title="Releases"
      actions={
        <>
          <ApprovalsLink />
          {canWrite && make}
        </>
      }
    >
      <div className="flex min-h-12 flex-wrap items-center gap-x-4 gap-y-2 pb-2">
        <SearchInput label="Search releases" value={search.q ?? ""} onChange={find} />
        <PartFilter search={search} onChange={change} />
        <CompareLink
          selected={(releases ?? [])
            .map(({ digest }) => digest)
            .filter((digest) => selected.includes(digest))}
        />
      </div>
      {query.isError ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <Found
          releases={shown}
          any={Boolean(releases?.length)}
          selected={selected}
          onSelect={(digest) => setSelected(toggled(selected, digest).slice(-COMPARED))}
          action={canWrite && make}
        />
      )}
      {query.hasNextPage && (
        <div className="flex justify-center pt-4">
          <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            Show more
          </Button>
        </div>
      )}
    </Page>
  );
}

/** Leads to the approvals; shows how many are requested. */
function ApprovalsLink() {
  const projectId = useProjectId();
  const approvals = useQuery(approvalsQuery(projectId)).data ?? [];
  const waiting = approvals.filter(({ state }) => state === "requested").length;
  return (
    <Link
      to="/projects/$projectId/releases/_approvals"
      params={{ projectId }}
      className={LINK_BUTTON_CLASSES}
    >
      Approvals
      {waiting > 0 && <Badge tone="accent">{waiting}</Badge>}
    </Link>
  );
}

function matches({ digest, message, model, author }: Release, q: string): boolean {
  return hasWords([digest, message, model, author].join(" "), q);
}

interface FoundProps {
  /** `undefined` while loading. */
  releases: Release[] | undefined;
  any: boolean;
  selected: readonly string[];
  onSelect: (digest: string) => void;
  action: ReactNode;
}

function Found({ releases, any, selected, onSelect, action }: FoundProps) {
  if (!releases) return <SkeletonRows rows={10} />;
  if (releases.length > 0) {
    return <ReleaseTable releases={releases} selected={selected} onSelect={onSelect} />;
  }
  if (any) return <EmptyState title="No releases found">Try other words.</EmptyState>;
  return (
    <EmptyState title="No releases yet" action={action}>
      A release is an immutable bundle of all that decides an answer: a version of a prompt, a model
      or route, parameters, tools. It is named by its hash, and rollouts let it answer.
    </EmptyState>
  );
}

interface PartFilterProps {
  search: ReleasesSearch;
  onChange: (part: ReleasesSearch) => void;
}

/** The parts that the list is limited to. */
function PartFilter({ search: { model, prompt }, onChange }: PartFilterProps) {
  return (
    <>
      {model && (
        <Part label="model" onRemove={() => onChange({ model: undefined })}>
          {model}
        </Part>
      )}
      {prompt && (
        <Part label="prompt" onRemove={() => onChange({ prompt: undefined })}>
          prompt {shortHash(prompt)}
        </Part>
      )}
    </>
  );
}

interface PartProps {
  label: string;
  onRemove: () => void;
  children: ReactNode;
}

function Part({ label, onRemove, children }: PartProps) {
  return (
    <span className="flex items-center">
      <Badge tone="accent">{children}</Badge>
      <IconButton label={`Show releases with any ${label}`} onClick={onRemove}>
        <X size={14} />
      </IconButton>
    </span>
  );
}

/** Leads to the comparison of two releases; the newer one is the first. */
function CompareLink({ selected }: { selected: readonly string[] }) {
  const projectId = useProjectId();
  const [newer, older] = selected;
  if (selected.length === 0) return null;
  if (!newer || !older) {
    return <span className="ml-auto text-xs text-ink-3">Select another one to compare.</span>;
  }
  return (
    <Link
      to="/projects/$projectId/releases/_compare"
      params={{ projectId }}
      search={{ old: older, new: newer }}
      className={`${LINK_BUTTON_CLASSES} ml-auto`}
    >
      Compare
    </Link>
  );
}
