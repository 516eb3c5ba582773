/** The search parameters of the notifications: unread ones, or all. */
export interface NotificationsSearch {
  view?: "all" | undefined;
}

export function parseNotificationsSearch({ view }: Record<string, unknown>): NotificationsSearch {
  return view === "all" ? { view } : {};
}
