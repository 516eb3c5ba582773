import { queryOptions } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";
import { useApiMutation } from "@/shared/api/useApiMutation";
import { useProjectId } from "@/shared/session";

export type Webhook = Schemas["WebhookView"];
export type WebhookEvent = Schemas["WebhookEventType"];
export type WebhookMessage = Schemas["WebhookMessageView"];
export type IssuedWebhook = Schemas["IssuedWebhookView"];

const WEBHOOKS = "/api/v1/projects/{project_id}/webhooks";
const WEBHOOK = `${WEBHOOKS}/{webhook_id}` as const;
const SHOWN_MESSAGES = 100;
const REFRESH_MS = 5000;

const keyOf = (project_id: string) => ["webhooks", project_id] as const;

export const webhooksQuery = (project_id: string) =>
  queryOptions({
    queryKey: [...keyOf(project_id), "list"],
    queryFn: async () =>
      (await data(api.GET(WEBHOOKS, { params: { path: { project_id } } }))).items,
  });

/** The newest messages of a webhook; refetched while one of them waits. */
export const messagesQuery = (project_id: string, webhook_id: string) =>
  queryOptions({
    queryKey: [...keyOf(project_id), "messages", webhook_id],
    queryFn: async () => {
      const params = { path: { project_id, webhook_id }, query: { limit: SHOWN_MESSAGES } };
      return (await data(api.GET(`${WEBHOOK}/messages`, { params }))).items;
    },
    refetchInterval: ({ state }) =>
      state.data?.some((message) => message.state === "pending") ? REFRESH_MS : false,
  });

export function useAddWebhook() {
  const project_id = useProjectId();
  return useApiMutation({
    run: (body: Schemas["WebhookBody"]) =>
      data(api.POST(WEBHOOKS, { params: { path: { project_id } }, body })),
    invalidates: [keyOf(project_id)],
  });
}

/** Makes a new secret; for a day messages are signed with both. */
export function useRotateWebhook() {
  const project_id = useProjectId();
  return useApiMutation({
    run: (webhook_id: string) =>
      data(api.POST(`${WEBHOOK}/rotate`, { params: { path: { project_id, webhook_id } } })),
    invalidates: [keyOf(project_id)],
    errorToast: true,
  });
}

export function useEnableWebhook() {
  const project_id = useProjectId();
  return useApiMutation({
    run: (webhook_id: string) =>
      data(api.POST(`${WEBHOOK}/enable`, { params: { path: { project_id, webhook_id } } })),
    invalidates: [keyOf(project_id)],
    successToast: "Webhook enabled",
    errorToast: true,
  });
}

/** Sends a message of the type `webhook.test`. */
export function useTestWebhook() {
  const project_id = useProjectId();
  return useApiMutation({
    run: (webhook_id: string) =>
      data(api.POST(`${WEBHOOK}/test`, { params: { path: { project_id, webhook_id } } })),
    invalidates: [keyOf(project_id)],
    successToast: "Test message is on its way",
    errorToast: true,
  });
}

export function useRemoveWebhook(onRemoved: () => void) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (webhook_id: string) =>
      data(api.DELETE(WEBHOOK, { params: { path: { project_id, webhook_id } } })),
    invalidates: [keyOf(project_id)],
    successToast: "Webhook removed",
    onSuccess: onRemoved,
  });
}
