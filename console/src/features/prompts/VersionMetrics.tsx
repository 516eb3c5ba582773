import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { LabelBadges } from "@/features/prompts/LabelBadges";
import { versionQuery, versionsQuery, type Prompt } from "@/features/prompts/queries";
import { labelsAt } from "@/features/prompts/VersionRail";
import { comparedVersions } from "@/features/prompts/comparedVersions";
import { MeasuresTable } from "@/shared/measures/MeasuresTable";
import type { SliceFilter } from "@/shared/measures/queries";
import { SliceCharts } from "@/shared/measures/SliceCharts";
import { armColour } from "@/shared/releases/arms";
import { useHasRole, useProjectId } from "@/shared/session";
import type { RangeSearch } from "@/shared/timeRange";
import { LINK_BUTTON_CLASSES } from "@/shared/ui/LinkButton";
import { Cell, HeadCell } from "@/shared/ui/Table";
import { TimeRangePicker } from "@/shared/ui/TimeRangePicker";

interface VersionMetricsProps {
  prompt: Prompt;
  number: number;
}

/** Usage, errors, latency, cost and scores of versions of a prompt, and over time. */
export function VersionMetrics({ prompt, number }: VersionMetricsProps) {
  const projectId = useProjectId();
  const [range, setRange] = useState<RangeSearch>({ range: "7d" });
  const listed = useInfiniteQuery(versionsQuery(projectId, prompt.id)).data?.pages ?? [];
  const shown = useQuery(versionQuery(projectId, prompt.id, String(number))).data;
  const known = [...listed.flatMap(({ items }) => items), ...(shown ? [shown] : [])];
  const versions = comparedVersions(known, number, prompt.labels["production"]);
  const filterOf = ({ digest, number: version }: { digest: string; number: number }) =>
    ({ prompt_version: [digest, `${prompt.name}@${version}`], ...range }) satisfies SliceFilter;
  return (
    <>
      <div className="mb-2 flex flex-wrap items-center justify-between gap-2">
        <ReleaseLinks prompt={prompt} number={number} digest={shown?.digest} />
        <TimeRangePicker value={range} onChange={setRange} />
      </div>
      {versions.length > 0 && (
        <>
          <MeasuresTable
            label="Calls by version"
            columns={<HeadCell className="w-full">Version</HeadCell>}
            slices={versions.map((version, index) => ({
              key: version.digest,
              cells: (
                <Cell>
                  <span className="flex items-center gap-2">
                    <span
                      className="size-2 rounded-xs"
                      style={{ background: `var(${armColour(index)})` }}
                    />
                    <span className="num font-medium">v{version.number}</span>
                    <LabelBadges labels={labelsAt(prompt, version.number)} />
                  </span>
                </Cell>
              ),
              filter: filterOf(version),
            }))}
          />
          <div className="pt-6">
            <SliceCharts
              slices={versions.map((version, index) => ({
                name: `v${version.number}`,
                colour: armColour(index),
                filter: filterOf(version),
              }))}
            />
          </div>
          <p className="pt-4 text-xs text-ink-3">
            Counted are calls that a release with the version answered, and calls whose application
            names it in the tag <code>prompt_version</code>.
          </p>
        </>
      )}
    </>
  );
}

interface ReleaseLinksProps extends VersionMetricsProps {
  digest: string | undefined;
}

/** Leads to the releases of a version, and to a new one. */
function ReleaseLinks({ prompt, number, digest }: ReleaseLinksProps) {
  const projectId = useProjectId();
  const canWrite = useHasRole("editor");
  return (
    <div className="flex gap-2">
      {digest && (
        <Link
          to="/projects/$projectId/releases"
          params={{ projectId }}
          search={{ prompt: digest }}
          className={LINK_BUTTON_CLASSES}
        >
          Releases of v{number}
        </Link>
      )}
      {canWrite && (
        <Link
          to="/projects/$projectId/releases/_new"
          params={{ projectId }}
          search={{ prompt: prompt.id, version: String(number) }}
          className={LINK_BUTTON_CLASSES}
        >
          Make a release
        </Link>
      )}
    </div>
  );
}
