import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { changedItems, type ItemChanges } from "@/features/datasets/itemChanges";
import { api, data, type Schemas } from "@/shared/api/client";
import { useApiMutation } from "@/shared/api/useApiMutation";
import { useProjectId } from "@/shared/session";

export type Dataset = Schemas["DatasetView"];
export type DatasetVersion = Schemas["DatasetVersionView"];
export type Item = Schemas["DatasetItemView"];
export type Split = Schemas["SplitView"];
export type DatasetRule = Schemas["DatasetRuleView"];
export type NewRule = Schemas["DatasetRuleBody"];
export type Committed = Schemas["CommittedChangeView"];
export type ItemDifference = Schemas["ItemDifferenceView"];

const DATASETS = "/api/v1/projects/{project_id}/datasets";
const DATASET = `${DATASETS}/{name}` as const;
const RULES = "/api/v1/projects/{project_id}/dataset-rules";
const REFRESH_MS = 10_000;
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

/** The number of items of each split of a version. */
export const splitsQuery = (project_id: string, name: string, version: number) =>
  queryOptions({
    queryKey: ["datasets", project_id, "splits", name, version],
    queryFn: async () => {
      const params = { path: { project_id, name }, query: { version } };
      return (await data(api.GET(`${DATASET}/splits`, { params }))).items;
    },
  });

/** The rules of datasets with what they have done, page by page; only that of `dataset`, if any. */
export const rulesQuery = (project_id: string, dataset: string) =>
  infiniteQueryOptions({
    queryKey: ["datasets", project_id, "rules", dataset],
    queryFn: ({ pageParam: cursor }) => {
      const query = { cursor, limit: LIST_PAGE, dataset };
      return data(api.GET(RULES, { params: { path: { project_id }, query } }));
    },
    ...FIRST,
    refetchInterval: REFRESH_MS,
  });

/** The address of the items of a version as JSON lines. */
export function exportUrl(project_id: string, name: string, version: number): string {
  const dataset = `/api/v1/projects/${project_id}/datasets/${encodeURIComponent(name)}`;
  return `${dataset}/export?version=${version}`;
}

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

/** Gives each item of the newest version a split: one new version. */
export function useDivide(name: string, onDivided: (done: Committed) => unknown) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (body: Schemas["DivisionBody"]) =>
      data(api.POST(`${DATASET}/splits`, { params: { path: { project_id, name } }, body })),
    invalidates: [["datasets", project_id]],
    onSuccess: onDivided,
  });
}

/** Sets the rule of a dataset. */
export function useSetRule(name: string, onSet?: (rule: DatasetRule) => unknown) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (body: NewRule) =>
      data(api.PUT(`${DATASET}/rule`, { params: { path: { project_id, name } }, body })),
    invalidates: [["datasets", project_id, "rules"]],
    successToast: "Rule saved",
    onSuccess: onSet,
  });
}

/** Pauses the rule of a dataset or resumes it. */
export function useSwitchRule(name: string) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (enabled: boolean) =>
      data(
        api.PATCH(`${DATASET}/rule`, { params: { path: { project_id, name } }, body: { enabled } }),
      ),
    invalidates: [["datasets", project_id, "rules"]],
    successToast: "Rule changed",
    errorToast: true,
  });
}

/** Removes the rule of a dataset; its items stay. */
export function useRemoveRule(name: string, onRemoved: () => unknown) {
  const project_id = useProjectId();
  return useApiMutation({
    run: () => data(api.DELETE(`${DATASET}/rule`, { params: { path: { project_id, name } } })),
    invalidates: [["datasets", project_id, "rules"]],
    successToast: "Rule ended",
    onSuccess: onRemoved,
  });
}
