import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { versionsQuery, type DatasetVersion } from "@/features/datasets/queries";
import { formatCount } from "@/shared/format/number";
import { useProjectId } from "@/shared/session";
import { ErrorNotice } from "@/shared/ui/ErrorState";
import { ShowMore } from "@/shared/ui/ShowMore";
import { Cell, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { RelativeTime } from "@/shared/ui/Values";

interface VersionsProps {
  name: string;
  /** The version whose items are shown. */
  shown: number;
}

/** The versions of a dataset, newest first, each with what it changed. */
export function Versions({ name, shown }: VersionsProps) {
  const query = useInfiniteQuery(versionsQuery(useProjectId(), name));
  const versions = query.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <section aria-label="Versions" className="pt-6">
      <h2 className="mb-1 text-sm font-medium">Versions</h2>
      {query.isError && <ErrorNotice error={query.error} />}
      <div className="thin-scroll max-h-64 overflow-y-auto">
        <Table label="Versions">
          <TableHead>
            <HeadCell numeric>Version</HeadCell>
            <HeadCell className="w-full">What changed</HeadCell>
            <HeadCell numeric className={FROM_MD}>
              Items
            </HeadCell>
            <HeadCell>Difference</HeadCell>
            <HeadCell className={FROM_MD}>Author</HeadCell>
            <HeadCell className={FROM_MD}>Made</HeadCell>
          </TableHead>
          <tbody>
            {versions.map((version) => (
              <VersionRow key={version.version} name={name} version={version} shown={shown} />
            ))}
          </tbody>
        </Table>
        <ShowMore query={query} />
      </div>
    </section>
  );
}

interface VersionRowProps extends VersionsProps {
  version: DatasetVersion;
}

function VersionRow({ name, version, shown }: VersionRowProps) {
  const params = { projectId: useProjectId(), name };
  return (
    <Row className={version.version === shown ? "bg-accent-soft" : ""}>
      <Cell numeric>
        <Link
          to="/projects/$projectId/datasets/$name"
          params={params}
          search={{ version: version.version }}
          className="px-2 font-medium hover:text-accent hover:underline"
        >
          {version.version}
        </Link>
      </Cell>
      <Cell className="max-w-0 min-w-32 truncate">{version.message || "–"}</Cell>
      <Cell numeric className={FROM_MD}>
        {formatCount(version.item_count)}
      </Cell>
      <Cell className="whitespace-nowrap">
        <Link
          to="/projects/$projectId/datasets/$name/_diff"
          params={params}
          search={{ from: version.version - 1, to: version.version }}
          className="num hover:text-accent hover:underline"
        >
          {changes(version)}
        </Link>
      </Cell>
      <Cell className={`text-ink-2 ${FROM_MD}`}>{version.author}</Cell>
      <Cell className={`text-ink-2 ${FROM_MD}`}>
        <RelativeTime at={version.created_at} />
      </Cell>
    </Row>
  );
}

/** `3 added, 1 changed`. */
function changes({ added, changed, removed }: DatasetVersion): string {
  const counts = [
    added && `${formatCount(added)} added`,
    changed && `${formatCount(changed)} changed`,
    removed && `${formatCount(removed)} removed`,
  ];
  return counts.filter(Boolean).join(", ") || "nothing";
}
