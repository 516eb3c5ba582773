import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Bell as BellIcon } from "lucide-react";

import { unreadQuery } from "@/features/notifications/queries";
import { useProjectId } from "@/shared/session";

/** Leads to the notifications; shows how many are unread. */
export function Bell() {
  const projectId = useProjectId();
  const found = useQuery(unreadQuery).data;
  const count = found?.unread ?? 0;
  const label = count
    ? `Notifications: ${count}${found?.more ? " or more" : ""} unread`
    : "Notifications";
  return (
    <Link
      to="/projects/$projectId/notifications"
      params={{ projectId }}
      aria-label={label}
      title={label}
      className="inline-flex h-7 min-w-7 shrink-0 items-center justify-center gap-0.5 rounded-md max-md:h-auto max-md:flex-col max-md:py-1 text-ink-3 hover:bg-hover hover:text-ink data-[status=active]:text-accent"
    >
      <BellIcon size={16} strokeWidth={1.75} />
      {count > 0 && (
        <span
          aria-hidden
          className="num min-w-4 rounded-full bg-accent px-1 text-center text-2xs leading-4 font-semibold text-accent-ink"
        >
          {found?.more ? "99+" : count}
        </span>
      )}
    </Link>
  );
}
