import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";
import { useApiMutation } from "@/shared/api/useApiMutation";
import { useProjectId } from "@/shared/session";

export type Queue = Schemas["AnnotationQueueView"];
export type NewQueue = Schemas["QueueBody"];
export type Selection = Schemas["SelectionBody"];
export type LabelKind = Schemas["LabelKind"];
export type LabelSchema = Schemas["LabelSchemaView"];
export type ReviewedItem = Schemas["ReviewedItemView"];
export type LabelledItem = Schemas["LabelledItemView"];
export type ItemContent = Schemas["ItemContentView"];
export type Agreement = Schemas["QueueAgreementView"];
export type Judge = Schemas["JudgeView"];
export type Rate = Schemas["RateView"];
export type Label = Schemas["LabelBody"];

const ANNOTATION = "/api/v1/projects/{project_id}/annotation" as const;
const QUEUES = `${ANNOTATION}/queues` as const;
const QUEUE = `${QUEUES}/{name}` as const;
const ITEM = `${QUEUE}/items/{item_id}` as const;
const PAGE = 20;

const keys = {
  all: (project_id: string) => ["annotation", project_id] as const,
  queue: (project_id: string, name: string) => ["annotation", project_id, "queue", name] as const,
};

export const queuesQuery = (project_id: string) =>
  queryOptions({
    queryKey: [...keys.all(project_id), "list"],
    queryFn: () => data(api.GET(QUEUES, { params: { path: { project_id } } })),
  });

export const queueQuery = (project_id: string, name: string) =>
  queryOptions({
    queryKey: [...keys.queue(project_id, name), "queue"],
    queryFn: () => data(api.GET(QUEUE, { params: { path: { project_id, name } } })),
  });

export const agreementQuery = (project_id: string, name: string) =>
  queryOptions({
    queryKey: [...keys.queue(project_id, name), "agreement"],
    queryFn: () => data(api.GET(`${QUEUE}/agreement`, { params: { path: { project_id, name } } })),
  });

/** The items of a queue with all labels, page by page; `differing`: those that need a decision. */
export const queueItemsQuery = (project_id: string, name: string, state: "" | "differing") =>
  infiniteQueryOptions({
    queryKey: [...keys.queue(project_id, name), "items", state],
    queryFn: ({ pageParam: cursor }) => {
      const params = { path: { project_id, name }, query: { state, cursor, limit: PAGE } };
      return data(api.GET(`${QUEUE}/items`, { params }));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

/** The evaluators whose answers have human labels, too. */
export const judgesQuery = (project_id: string) =>
  queryOptions({
    queryKey: [...keys.all(project_id), "judges"],
    queryFn: () => data(api.GET(`${ANNOTATION}/judges`, { params: { path: { project_id } } })),
  });

export function useAddQueue(onSuccess: (queue: Queue) => unknown) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (body: NewQueue) => data(api.POST(QUEUES, { params: { path: { project_id } }, body })),
    invalidates: [keys.all(project_id)],
    onSuccess,
  });
}

export function useFillQueue(name: string, onSuccess: () => unknown) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (body: Selection) =>
      data(api.POST(`${QUEUE}/items`, { params: { path: { project_id, name } }, body })),
    invalidates: [keys.all(project_id)],
    successToast: "Queue filled",
    onSuccess,
  });
}

export function useChangeQueue(name: string, onSuccess: () => unknown) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (body: Schemas["QueueChangeBody"]) =>
      data(api.PATCH(QUEUE, { params: { path: { project_id, name } }, body })),
    invalidates: [keys.all(project_id)],
    onSuccess,
  });
}

export function useDecide(name: string) {
  const project_id = useProjectId();
  return useApiMutation({
    run: ({ id, ...body }: Schemas["DecisionBody"] & { id: string }) => {
      const path = { project_id, name, item_id: id };
      return data(api.PUT(`${ITEM}/decision`, { params: { path }, body }));
    },
    invalidates: [keys.queue(project_id, name)],
    errorToast: true,
  });
}

export function useTakeBack(name: string) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (item_id: string) =>
      data(api.DELETE(`${ITEM}/decision`, { params: { path: { project_id, name, item_id } } })),
    invalidates: [keys.queue(project_id, name)],
    errorToast: true,
  });
}

/** Reserves the next items for the signed-in annotator. */
export function reserve(project_id: string, name: string, count: number) {
  const params = { path: { project_id, name } };
  return data(api.POST(`${QUEUE}/next`, { params, body: { count } }));
}

export function putLabel(project_id: string, name: string, item_id: string, body: Label) {
  const params = { path: { project_id, name, item_id } };
  return data(api.PUT(`${ITEM}/label`, { params, body }));
}

export function withdrawLabel(project_id: string, name: string, item_id: string) {
  return data(api.DELETE(`${ITEM}/label`, { params: { path: { project_id, name, item_id } } }));
}
