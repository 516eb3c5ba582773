import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { changedItems, type ItemChanges } from "@/features/datasets/itemChanges";
import { api, data, type Schemas } from "@/shared/api/client";
import { useApiMutation } from "@/shared/api/useApiMutation";
import { useProjectId } from "@/shared/session";

export type Dataset = Schemas["DatasetView"];
export type DatasetVersion = Schemas["DatasetVersionView"];
export type Item = Schemas["DatasetItemView"];
export type Committed = Schemas["CommittedChangeView"];
export type ItemDifference = Schemas["ItemDifferenceView"];

const DATASETS = "/api/v1/projects/{project_id}/datasets";
const DATASET = `${DATASETS}/{name}` as const;
const LIST_PAGE = 100;
const ITEM_PAGE = 50;

const FIRST = {
  initialPageParam: "",
  getNextPageParam: (page: { next_cursor?: string | null }) => page.next_cursor ?? undefined,
};

/** The datasets of a project, page by page. */
export const datasetsQuery = (project_id: string) =>
  infiniteQueryOptions({
    queryKey: ["datasets", project_id, "list"],
    queryFn: ({ pageParam: cursor }) => {
      const query = { cursor, limit: LIST_PAGE };
      return data(api.GET(DATASETS, { params: { path: { project_id }, query } }));
    },
    ...FIRST,
  });

export const datasetQuery = (project_id: string, name: string) =>
  queryOptions({
    queryKey: ["datasets", project_id, "one", name],
    queryFn: () => data(api.GET(DATASET, { params: { path: { project_id, name } } })),
  });

/** The versions of a dataset, newest first, page by page. */
export const versionsQuery = (project_id: string, name: string) =>
  infiniteQueryOptions({
    queryKey: ["datasets", project_id, "versions", name],
    queryFn: ({ pageParam: cursor }) => {
      const query = { cursor, limit: LIST_PAGE };
      return data(
        api.GET(`${DATASET}/versions`, { params: { path: { project_id, name }, query } }),
      );
    },
    ...FIRST,
  });

export interface ItemFilter {
  version: number;
  split: string;
  q: string;
}

/** The items of a version that contain a text, page by page; those of a split if it is given. */
export const itemsQuery = (project_id: string, name: string, filter: ItemFilter) =>
  infiniteQueryOptions({
    queryKey: ["datasets", project_id, "items", name, filter],
    queryFn: ({ pageParam: cursor }) => {
      const { version, split, q } = filter;
      const query = { version, q, cursor, limit: ITEM_PAGE, ...(split && { split }) };
      return data(api.GET(`${DATASET}/items`, { params: { path: { project_id, name }, query } }));
    },
    ...FIRST,
    placeholderData: keepPreviousData,
  });

/** The items that differ between two versions, page by page. */
export const diffQuery = (project_id: string, name: string, from: number, to: number) =>
  infiniteQueryOptions({
    queryKey: ["datasets", project_id, "diff", name, from, to],
    queryFn: ({ pageParam: cursor }) => {
      const query = { from, to, cursor, limit: ITEM_PAGE };
      return data(api.GET(`${DATASET}/diff`, { params: { path: { project_id, name }, query } }));
    },
    ...FIRST,
    staleTime: Infinity,
  });

interface Commit {
  changes: ItemChanges;
  message: string;
}

/** Makes a version of what was edited. */
export function useCommitChanges(name: string, onCommitted: () => void) {
  const project_id = useProjectId();
  return useApiMutation({
    run: ({ changes, message }: Commit) => {
      const params = { path: { project_id, name } };
      const { parent, removed } = changes;
      const body = {
        put: changedItems(changes),
        remove: [...removed],
        parent,
        message,
        keeps_existing: false,
      };
      return data(api.POST(`${DATASET}/changes`, { params, body }));
    },
    invalidates: [["datasets", project_id]],
    successToast: "Version committed",
    onSuccess: onCommitted,
  });
}

type NewDataset = Schemas["NewDatasetBody"];

/** Adds a dataset without items. */
export function useAddDataset(onAdded: (dataset: Dataset) => unknown) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (body: NewDataset) => data(api.POST(DATASETS, { params: { path: { project_id } }, body })),
    invalidates: [["datasets", project_id]],
    onSuccess: onAdded,
  });
}

/** Removes a dataset with all its versions. */
export function useRemoveDataset(onRemoved: () => unknown) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (name: string) => data(api.DELETE(DATASET, { params: { path: { project_id, name } } })),
    invalidates: [
      ["datasets", project_id, "list"],
      ["datasets", project_id, "choices"],
    ],
    successToast: "Dataset removed",
    onSuccess: onRemoved,
  });
}
