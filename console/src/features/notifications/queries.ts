import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";
import { useApiMutation } from "@/shared/api/useApiMutation";

export type Notification = Schemas["NotificationView"];
export type NotificationKind = Schemas["NotificationKind"];

const NOTIFICATIONS = "/api/v1/notifications";
const PAGE_SIZE = 50;
const REFRESH_MS = 20_000;

const KEY = ["notifications"] as const;

/** How many are unread, in all projects. */
export const unreadQuery = queryOptions({
  queryKey: [...KEY, "unread"],
  queryFn: () => data(api.GET(`${NOTIFICATIONS}/unread`)),
  refetchInterval: REFRESH_MS,
});

/** The notifications of all projects, newest first, page by page. */
export const notificationsQuery = (unread: boolean) =>
  infiniteQueryOptions({
    queryKey: [...KEY, "list", unread],
    queryFn: ({ pageParam: cursor }) =>
      data(api.GET(NOTIFICATIONS, { params: { query: { unread, cursor, limit: PAGE_SIZE } } })),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
  });

/** The kinds that the user gets. */
export const kindsQuery = queryOptions({
  queryKey: [...KEY, "kinds"],
  queryFn: async () => (await data(api.GET(`${NOTIFICATIONS}/kinds`))).kinds,
});

/** Marks notifications: those with `ids`, or all up to the one with the id `until`. */
export function useMark() {
  return useApiMutation({
    run: (body: { ids: string[]; read: boolean } | { until: string }) =>
      data(api.POST(`${NOTIFICATIONS}/mark`, { body: { until: "", read: true, ...body } })),
    invalidates: [KEY],
    errorToast: true,
  });
}

export function useChooseKinds(onChosen: () => void) {
  return useApiMutation({
    run: (kinds: NotificationKind[]) =>
      data(api.PUT(`${NOTIFICATIONS}/kinds`, { body: { kinds } })),
    invalidates: [[...KEY, "kinds"]],
    successToast: "Saved",
    onSuccess: onChosen,
  });
}
