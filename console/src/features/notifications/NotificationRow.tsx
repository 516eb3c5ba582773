import { useQuery } from "@tanstack/react-query";
import { Mail, MailOpen } from "lucide-react";

import { SubjectLink } from "@/features/notifications/SubjectLink";
import type { Notification } from "@/features/notifications/queries";
import { projectsQuery, useProjectId } from "@/shared/session";
import { Badge } from "@/shared/ui/Badge";
import { IconButton } from "@/shared/ui/Button";
import { cx } from "@/shared/ui/classes";
import { RelativeTime } from "@/shared/ui/Values";

interface NotificationRowProps {
  notification: Notification;
  onMark: (read: boolean) => void;
}

/** Who did what, what they wrote, and when. Its link leads to the subject and marks it as read. */
export function NotificationRow({ notification, onMark }: NotificationRowProps) {
  const { read, actor, sentence, quote, at, project_id } = notification;
  return (
    <li className="flex items-start gap-3 py-3 text-sm">
      <span
        className={cx("mt-1.5 size-2 shrink-0 rounded-full", read ? "bg-line-strong" : "bg-accent")}
      />
      <div className="min-w-0 flex-1">
        <SubjectLink
          notification={notification}
          onOpen={() => !read && onMark(true)}
          className={cx("break-words hover:text-accent hover:underline", !read && "font-medium")}
        >
          {actor} {sentence}
        </SubjectLink>
        {quote && (
          <p className="mt-1 line-clamp-3 border-l-2 border-line-strong pl-2 break-words whitespace-pre-wrap text-ink-2">
            {quote}
          </p>
        )}
        <div className="mt-1 flex items-center gap-2 text-xs text-ink-3">
          <RelativeTime at={at} />
          <OtherProject id={project_id} />
        </div>
      </div>
      <IconButton label={read ? "Mark as unread" : "Mark as read"} onClick={() => onMark(!read)}>
        {read ? <Mail size={15} strokeWidth={1.75} /> : <MailOpen size={15} strokeWidth={1.75} />}
      </IconButton>
    </li>
  );
}

/** The name of the project, if it is not the one that is shown. */
function OtherProject({ id }: { id: string }) {
  const shown = useProjectId();
  const projects = useQuery(projectsQuery).data?.items;
  if (id === shown) return null;
  return <Badge>{projects?.find((project) => project.id === id)?.name ?? id}</Badge>;
}
