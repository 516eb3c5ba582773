import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";

import { PartDifferences } from "@/features/releases/PartDifferences";
import { PromptDifference } from "@/features/releases/PromptDifference";
import { lineageQuery, type Lineage } from "@/features/releases/queries";
import type { CompareSearch } from "@/features/releases/search";
import { MeasuresTable } from "@/shared/measures/MeasuresTable";
import { recentReleasesQuery } from "@/shared/releases/queries";
import { ReleaseLink } from "@/shared/releases/ReleaseLink";
import { ReleasePicker } from "@/shared/releases/ReleasePicker";
import { DetailHeader, DetailPage } from "@/shared/ui/DetailPage";
import { EmptyState } from "@/shared/ui/EmptyState";
import { QueryContent } from "@/shared/ui/QueryContent";
import { Cell, HeadCell } from "@/shared/ui/Table";

const FROM = "/signed-in/projects/$projectId/releases/_compare";

/** Two releases side by side: their parts, the words of their prompts, and how their calls go. */
export function CompareReleasesPage() {
  const { projectId } = useParams({ from: FROM });
  const search = useSearch({ from: FROM });
  const navigate = useNavigate({ from: "/projects/$projectId/releases/_compare" });
  const change = (part: CompareSearch) =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace: true });
  const releases = useQuery(recentReleasesQuery(projectId)).data ?? [];
  const { old, new: newer } = search;
  return (
    <DetailPage list={{ to: "/projects/$projectId/releases", name: "Releases" }}>
      <DetailHeader title="Compare releases" />
      <div className="grid gap-4 pb-2 sm:grid-cols-2">
        <ReleasePicker
          label="Older release"
          releases={releases}
          value={old ?? ""}
          onChange={(value) => change({ old: value })}
        />
        <ReleasePicker
          label="Newer release"
          releases={releases}
          value={newer ?? ""}
          onChange={(value) => change({ new: value })}
        />
      </div>
      {isHash(old) && isHash(newer) ? (
        <Comparison old={old} newer={newer} />
      ) : (
        <EmptyState title="Choose two releases">
          The parts that differ are shown, the words of their prompts, and how their calls went.
        </EmptyState>
      )}
    </DetailPage>
  );
}

function isHash(text: string | undefined): text is string {
  return /^[0-9a-f]{8,64}$/.test(text ?? "");
}

function Comparison({ old, newer }: { old: string; newer: string }) {
  const { projectId } = useParams({ from: FROM });
  const before = useQuery(lineageQuery(projectId, old));
  const after = useQuery(lineageQuery(projectId, newer));
  return (
    <QueryContent query={before}>
      {(older) => (
        <QueryContent query={after}>
          {(present) => <Sides old={older} newer={present} />}
        </QueryContent>
      )}
    </QueryContent>
  );
}

function Sides({ old, newer }: { old: Lineage; newer: Lineage }) {
  return (
    <>
      <section aria-label="Parts" className="pt-4">
        <h2 className="mb-1 text-sm font-medium">Parts</h2>
        <PartDifferences old={old.release} newer={newer.release} />
      </section>
      <PromptDifference old={old} newer={newer} />
      <section aria-label="Last 7 days" className="pt-8">
        <h2 className="mb-1 text-sm font-medium">Last 7 days</h2>
        <MeasuresTable
          label="Calls of both releases"
          columns={<HeadCell className="w-full">Release</HeadCell>}
          slices={[old, newer].map(({ release }) => ({
            key: release.digest,
            cells: (
              <Cell className="max-w-0 min-w-32">
                <ReleaseLink digest={release.digest} withMessage />
              </Cell>
            ),
            filter: { release: [release.digest], range: "7d" },
          }))}
        />
      </section>
    </>
  );
}
