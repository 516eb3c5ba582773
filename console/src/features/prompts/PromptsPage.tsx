import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, type ReactNode } from "react";

import { FolderPath } from "@/features/prompts/FolderPath";
import { PromptTable } from "@/features/prompts/PromptTable";
import { promptsQuery, type Prompt } from "@/features/prompts/queries";
import type { PromptsSearch } from "@/features/prompts/search";
import { useHasRole, useProjectId } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { EmptyState } from "@/shared/ui/EmptyState";
import { ErrorState } from "@/shared/ui/ErrorState";
import { PRIMARY_LINK_CLASSES } from "@/shared/ui/LinkButton";
import { Page } from "@/shared/ui/Page";
import { SearchInput } from "@/shared/ui/SearchInput";
import { SkeletonRows } from "@/shared/ui/Skeleton";

const FROM = "/signed-in/projects/$projectId/prompts";

/** The prompts of a project: search, folders, labels. */
export function PromptsPage() {
  const projectId = useProjectId();
  const canWrite = useHasRole("editor");
  const search = useSearch({ from: FROM });
  const navigate = useNavigate({ from: "/projects/$projectId/prompts" });
  const query = useInfiniteQuery(promptsQuery(projectId, search));
  const change = useCallback(
    (part: PromptsSearch) =>
      void navigate({ search: (before) => ({ ...before, ...part }), replace: true }),
    [navigate],
  );
  const find = useCallback((q: string) => change({ q: q || undefined }), [change]);
  const prompts = query.data?.pages.flatMap(({ items }) => items);
  const add = (
    <Link
      to="/projects/$projectId/prompts/_new"
      params={{ projectId }}
      className={PRIMARY_LINK_CLASSES}
    >
      Add prompt
    </Link>
  );
  return (
    <Page title="Prompts" actions={canWrite && add}>
      <div className="flex min-h-12 flex-wrap items-center gap-x-4 gap-y-2 pb-2">
        <SearchInput label="Search names and texts" value={search.q ?? ""} onChange={find} />
        <FolderPath search={search} onChange={change} />
        <label className="flex items-center gap-2 text-sm text-ink-2">
          <input
            type="checkbox"
            checked={search.removed ?? false}
            onChange={(event) => change({ removed: event.target.checked || undefined })}
          />
          Removed
        </label>
      </div>
      {query.isError ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <Found prompts={prompts} search={search} onSearch={change} action={canWrite && add} />
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

interface FoundProps {
  /** `undefined` while loading. */
  prompts: Prompt[] | undefined;
  search: PromptsSearch;
  onSearch: (part: PromptsSearch) => void;
  action: ReactNode;
}

function Found({ prompts, search, onSearch, action }: FoundProps) {
  if (prompts === undefined) return <SkeletonRows />;
  if (prompts.length > 0) {
    return <PromptTable prompts={prompts} folder={search.folder ?? ""} onSearch={onSearch} />;
  }
  if (search.q ?? search.folder ?? search.label ?? search.removed) {
    return <EmptyState title="No prompts found">Try other words, or another folder.</EmptyState>;
  }
  return (
    <EmptyState title="No prompts yet" action={action}>
      A prompt is a template with versions. Applications ask for one by name and label, so that you
      change what runs in production here, and take it back in a second.
    </EmptyState>
  );
}
