import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";

import { ItemRow } from "@/features/datasets/ItemRow";
import { itemsQuery, splitsQuery } from "@/features/datasets/queries";
import type { DatasetSearch } from "@/features/datasets/search";
import { useProjectId } from "@/shared/session";
import { EmptyState } from "@/shared/ui/EmptyState";
import { ErrorState } from "@/shared/ui/ErrorState";
import { SearchInput } from "@/shared/ui/SearchInput";
import { SegmentedControl } from "@/shared/ui/SegmentedControl";
import { ShowMore } from "@/shared/ui/ShowMore";
import { SkeletonRows } from "@/shared/ui/Skeleton";
import { FROM_LG, FROM_MD, HeadCell, Table, TableHead } from "@/shared/ui/Table";

const FROM = "/signed-in/projects/$projectId/datasets/$name";

interface ItemsProps {
  name: string;
  version: number;
}

/** The items of a version, by text and split. */
export function Items({ name, version }: ItemsProps) {
  const projectId = useProjectId();
  const { q = "", split = "" } = useSearch({ from: FROM });
  const navigate = useNavigate({ from: "/projects/$projectId/datasets/$name" });
  const change = useCallback(
    (part: DatasetSearch) =>
      void navigate({ search: (before) => ({ ...before, ...part }), replace: true }),
    [navigate],
  );
  const find = useCallback((text: string) => change({ q: text || undefined }), [change]);
  const query = useInfiniteQuery(itemsQuery(projectId, name, { version, split, q }));
  const items = query.data?.pages.flatMap((page) => page.items);
  const found = useQuery(splitsQuery(projectId, name, version)).data ?? [];
  const splits = found.map((each) => each.name).filter(Boolean);
  return (
    <section aria-label="Items" className="pt-8">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2 pb-2">
        <h2 className="text-sm font-medium">Items of version {version}</h2>
        <SearchInput label="Search items" value={q} onChange={find} />
        {splits.length > 0 && (
          <SegmentedControl
            label="Split"
            options={[
              { value: "", name: "All" },
              ...splits.map((each) => ({ value: each, name: each })),
            ]}
            value={split}
            onChange={(next) => change({ split: next || undefined })}
          />
        )}
      </div>
      {query.isError && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <SkeletonRows />}
      {items?.length === 0 && <EmptyState title="No items found">Try another text.</EmptyState>}
      {items && items.length > 0 && (
        <Table label="Items">
          <TableHead>
            <HeadCell className="w-px" />
            <HeadCell>Item</HeadCell>
            <HeadCell className="w-1/2">Input</HeadCell>
            <HeadCell className={`w-1/2 ${FROM_MD}`}>Expected</HeadCell>
            <HeadCell className={FROM_MD}>Split</HeadCell>
            <HeadCell className={FROM_LG}>Origin</HeadCell>
          </TableHead>
          <tbody>
            {items.map((item) => (
              <ItemRow key={item.id} item={item} />
            ))}
          </tbody>
        </Table>
      )}
      <ShowMore query={query} />
    </section>
  );
}
