import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, type ReactNode } from "react";

import { matchesSearch, type UseCasesSearch } from "@/features/useCases/search";
import { UseCaseTable } from "@/features/useCases/UseCaseTable";
import { STATUSES } from "@/features/useCases/words";
import { useCasesQuery } from "@/shared/releases/queries";
import { useHasRole, useProjectId } from "@/shared/session";
import { EmptyState } from "@/shared/ui/EmptyState";
import { PRIMARY_LINK_CLASSES } from "@/shared/ui/LinkButton";
import { Page } from "@/shared/ui/Page";
import { QueryContent } from "@/shared/ui/QueryContent";
import { SearchInput } from "@/shared/ui/SearchInput";
import { SegmentedControl } from "@/shared/ui/SegmentedControl";

const FROM = "/signed-in/projects/$projectId/use-cases";
const OPTIONS = [{ value: "", name: "All" }, ...STATUSES];

/** The catalogue of use cases: what each is for, what answers it, and how it goes. */
export function UseCasesPage() {
  const projectId = useProjectId();
  const canWrite = useHasRole("editor");
  const search = useSearch({ from: FROM });
  const navigate = useNavigate({ from: "/projects/$projectId/use-cases" });
  const query = useQuery(useCasesQuery(projectId));
  const change = useCallback(
    (part: UseCasesSearch) =>
      void navigate({ search: (before) => ({ ...before, ...part }), replace: true }),
    [navigate],
  );
  const find = useCallback((q: string) => change({ q: q || undefined }), [change]);
  const add = (
    <Link
      to="/projects/$projectId/use-cases/_new"
      params={{ projectId }}
      className={PRIMARY_LINK_CLASSES}
    >
      Add use case
    </Link>
  );
  return (
    <Page title="Use cases" actions={canWrite && add}>
      <QueryContent query={query}>
        {(useCases) => {
          if (useCases.length === 0) return <NoUseCases action={canWrite && add} />;
          const shown = useCases.filter((each) => matchesSearch(each, search));
          return (
            <>
              <div className="flex min-h-12 flex-wrap items-center gap-x-4 gap-y-2 pb-2">
                <SearchInput label="Search use cases" value={search.q ?? ""} onChange={find} />
                <SegmentedControl
                  label="Status"
                  options={OPTIONS}
                  value={search.status ?? ""}
                  onChange={(value) =>
                    change({ status: STATUSES.find((one) => one.value === value)?.value })
                  }
                />
                <span className="num ml-auto text-xs text-ink-3">
                  {shown.length} of {useCases.length}
                </span>
              </div>
              {shown.length === 0 ? (
                <EmptyState title="No use cases found">
                  Try other words or another status.
                </EmptyState>
              ) : (
                <UseCaseTable useCases={shown} />
              )}
            </>
          );
        }}
      </QueryContent>
    </Page>
  );
}

function NoUseCases({ action }: { action: ReactNode }) {
  return (
    <EmptyState title="No use cases yet" action={action}>
      A use case is a feature of an application that language models serve. Applications send its
      name as <span className="font-mono text-xs">model</span>, and a release answers: change it or
      take it back in a second, without a deployment.
    </EmptyState>
  );
}
