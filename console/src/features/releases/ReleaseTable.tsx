import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { shortHash } from "@/shared/releases/arms";
import { rolloutsQuery, type Release, type Rollout } from "@/shared/releases/queries";
import { useProjectId } from "@/shared/session";
import { Badge } from "@/shared/ui/Badge";
import { Cell, FROM_LG, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { RelativeTime } from "@/shared/ui/Values";

interface ReleaseTableProps {
  releases: readonly Release[];
  selected: readonly string[];
  onSelect: (digest: string) => void;
}

export function ReleaseTable({ releases, selected, onSelect }: ReleaseTableProps) {
  const projectId = useProjectId();
  const rollouts = useQuery(rolloutsQuery(projectId)).data ?? [];
  return (
    <Table label="Releases">
      <TableHead>
        <HeadCell className="w-px" />
        <HeadCell>Release</HeadCell>
        <HeadCell className="w-full">What changed</HeadCell>
        <HeadCell>Model or route</HeadCell>
        <HeadCell className={FROM_MD}>Answers</HeadCell>
        <HeadCell className={FROM_LG}>Author</HeadCell>
        <HeadCell className={FROM_MD}>Made</HeadCell>
      </TableHead>
      <tbody>
        {releases.map((release) => (
          <Row key={release.digest}>
            <Cell>
              <input
                type="checkbox"
                aria-label={`Compare ${shortHash(release.digest)}`}
                className="block size-4 accent-[var(--accent)]"
                checked={selected.includes(release.digest)}
                onChange={() => onSelect(release.digest)}
              />
            </Cell>
            <Cell className="whitespace-nowrap">
              <Link
                to="/projects/$projectId/releases/$release"
                params={{ projectId, release: release.digest }}
                title={release.digest}
                className="font-mono text-xs font-medium hover:text-accent hover:underline"
              >
                {shortHash(release.digest)}
              </Link>
            </Cell>
            <Cell className="max-w-0 min-w-32">
              <div className="truncate" title={release.message}>
                {release.message || <span className="text-ink-3">–</span>}
              </div>
            </Cell>
            <Cell className="font-mono text-xs whitespace-nowrap">
              {release.model || <Badge>chain of {Object.keys(release.steps).length}</Badge>}
            </Cell>
            <Cell className={FROM_MD}>
              <Places places={placesOf(rollouts, release.digest)} />
            </Cell>
            <Cell className={`max-w-40 truncate text-ink-2 ${FROM_LG}`}>{release.author}</Cell>
            <Cell className={`whitespace-nowrap text-ink-2 ${FROM_MD}`}>
              <RelativeTime at={release.created_at} />
            </Cell>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

function placesOf(rollouts: readonly Rollout[], digest: string): Rollout[] {
  return rollouts.filter(({ arms }) => arms.some(({ release }) => release === digest));
}

function Places({ places }: { places: readonly Rollout[] }) {
  const projectId = useProjectId();
  return (
    <span className="flex flex-wrap gap-1">
      {places.map(({ use_case, environment }) => (
        <Link
          key={`${use_case}/${environment}`}
          to="/projects/$projectId/rollouts/$useCase/$environment"
          params={{ projectId, useCase: use_case, environment }}
          className="rounded-sm hover:opacity-80"
        >
          <Badge tone={environment === "production" ? "ok" : "neutral"}>
            {use_case} <span className="font-normal">{environment}</span>
          </Badge>
        </Link>
      ))}
    </span>
  );
}
