import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useState } from "react";

import { AddDatasetDialog } from "@/features/datasets/AddDatasetDialog";
import { datasetsQuery, type Dataset } from "@/features/datasets/queries";
import { RuleList } from "@/features/datasets/rules/RuleList";
import { formatCount } from "@/shared/format/number";
import { hasWords } from "@/shared/format/words";
import { useMay, useProjectId } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { EmptyState } from "@/shared/ui/EmptyState";
import { ErrorState } from "@/shared/ui/ErrorState";
import { Page } from "@/shared/ui/Page";
import { SearchInput } from "@/shared/ui/SearchInput";
import { SegmentedControl } from "@/shared/ui/SegmentedControl";
import { ShowMore } from "@/shared/ui/ShowMore";
import { SkeletonRows } from "@/shared/ui/Skeleton";
import { Cell, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { RelativeTime } from "@/shared/ui/Values";

const VIEWS = [
  { value: "", name: "Datasets" },
  { value: "rules", name: "Rules" },
] as const;
const FROM = "/signed-in/projects/$projectId/datasets";

/** The datasets of a project, each with its newest version. */
export function DatasetsPage() {
  const { view } = useSearch({ from: FROM });
  const projectId = useProjectId();
  const navigate = useNavigate({ from: "/projects/$projectId/datasets" });
  const [adding, setAdding] = useState(false);
  const canWrite = useMay()("datasets:write");
  const open = (name: string) =>
    void navigate({ to: "/projects/$projectId/datasets/$name", params: { projectId, name } });
  return (
    <Page
      title="Datasets"
      actions={
        <>
          <SegmentedControl
            label="View"
            options={VIEWS}
            value={view ?? ""}
            onChange={(next) =>
              void navigate({ search: next === "rules" ? { view: next } : {}, replace: true })
            }
          />
          {canWrite && (
            <Button kind="primary" onClick={() => setAdding(true)}>
              New dataset
            </Button>
          )}
        </>
      }
    >
      {view === "rules" ? <RuleList /> : <Datasets />}
      {adding && (
        <AddDatasetDialog onClose={() => setAdding(false)} onAdded={({ name }) => open(name)} />
      )}
    </Page>
  );
}

function Datasets() {
  const { q = "" } = useSearch({ from: FROM });
  const navigate = useNavigate({ from: "/projects/$projectId/datasets" });
  const query = useInfiniteQuery(datasetsQuery(useProjectId()));
  const find = useCallback(
    (text: string) => void navigate({ search: { q: text || undefined }, replace: true }),
    [navigate],
  );
  const datasets = query.data?.pages.flatMap(({ items }) => items);
  return (
    <>
      <div className="flex min-h-12 items-center pb-2">
        <SearchInput label="Search datasets" value={q} onChange={find} />
      </div>
      {query.isError ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <Found
          datasets={datasets?.filter(({ name, description }) =>
            hasWords(`${name} ${description}`, q),
          )}
          any={Boolean(datasets?.length)}
        />
      )}
      <ShowMore query={query} />
    </>
  );
}

interface FoundProps {
  /** `undefined` while loading. */
  datasets: Dataset[] | undefined;
  any: boolean;
}

function Found({ datasets, any }: FoundProps) {
  if (!datasets) return <SkeletonRows rows={8} />;
  if (datasets.length > 0) return <DatasetTable datasets={datasets} />;
  if (any) return <EmptyState title="No datasets found">Try other words.</EmptyState>;
  return (
    <EmptyState title="No datasets yet">
      A dataset is a list of examples on which releases are measured. Its items come from files,
      from recorded calls, or are written by hand.
    </EmptyState>
  );
}

function DatasetTable({ datasets }: { datasets: readonly Dataset[] }) {
  const projectId = useProjectId();
  return (
    <Table label="Datasets">
      <TableHead>
        <HeadCell>Dataset</HeadCell>
        <HeadCell className={`w-full ${FROM_MD}`}>Description</HeadCell>
        <HeadCell numeric>Items</HeadCell>
        <HeadCell numeric>Version</HeadCell>
        <HeadCell>Changed</HeadCell>
      </TableHead>
      <tbody>
        {datasets.map(({ name, description, newest, updated_at }) => (
          <Row key={name}>
            <Cell className="whitespace-nowrap">
              <Link
                to="/projects/$projectId/datasets/$name"
                params={{ projectId, name }}
                className="font-medium hover:text-accent hover:underline"
              >
                {name}
              </Link>
            </Cell>
            <Cell className={`max-w-0 truncate text-ink-2 ${FROM_MD}`}>{description}</Cell>
            <Cell numeric>{formatCount(newest?.item_count ?? 0)}</Cell>
            <Cell numeric>{newest?.version ?? "–"}</Cell>
            <Cell className="whitespace-nowrap text-ink-2">
              <RelativeTime at={newest?.created_at ?? updated_at} />
            </Cell>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}
