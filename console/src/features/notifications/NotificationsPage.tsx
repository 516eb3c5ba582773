import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";

import { KindsDialog } from "@/features/notifications/KindsDialog";
import { NotificationRow } from "@/features/notifications/NotificationRow";
import { notificationsQuery, useMark } from "@/features/notifications/queries";
import { Button } from "@/shared/ui/Button";
import { EmptyState } from "@/shared/ui/EmptyState";
import { Page } from "@/shared/ui/Page";
import { QueryContent } from "@/shared/ui/QueryContent";
import { SegmentedControl } from "@/shared/ui/SegmentedControl";
import { ShowMore } from "@/shared/ui/ShowMore";

const VIEWS = [
  { value: "unread", name: "Unread" },
  { value: "all", name: "All" },
];
const route = getRouteApi("/signed-in/projects/$projectId/notifications");

/** What concerns the user in all projects: mentions, assignments, approvals, rollouts, gates. */
export function NotificationsPage() {
  const { view = "unread" } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useInfiniteQuery(notificationsQuery(view === "unread"));
  const [choosing, setChoosing] = useState(false);
  const mark = useMark();
  const newest = query.data?.pages[0]?.items[0];
  const hasUnread = query.data?.pages.some(({ items }) => items.some(({ read }) => !read));
  return (
    <Page
      title="Notifications"
      actions={
        <>
          <Button kind="quiet" onClick={() => setChoosing(true)}>
            Choose kinds
          </Button>
          <Button
            disabled={!hasUnread}
            busy={mark.isPending}
            onClick={() => newest && mark.mutate({ until: newest.id })}
          >
            Mark all as read
          </Button>
        </>
      }
    >
      <SegmentedControl
        label="View"
        options={VIEWS}
        value={view}
        onChange={(to) =>
          void navigate({ search: to === "all" ? { view: "all" } : {}, replace: true })
        }
      />
      <QueryContent query={query}>
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items);
          if (items.length === 0) return <Nothing unread={view === "unread"} />;
          return (
            <ol aria-label="Notifications" className="divide-y divide-line pt-2">
              {items.map((each) => (
                <NotificationRow
                  key={each.id}
                  notification={each}
                  onMark={(read) => mark.mutate({ ids: [each.id], read })}
                />
              ))}
            </ol>
          );
        }}
      </QueryContent>
      <ShowMore query={query} />
      {choosing && <KindsDialog onClose={() => setChoosing(false)} />}
    </Page>
  );
}

function Nothing({ unread }: { unread: boolean }) {
  return (
    <EmptyState title={unread ? "Nothing unread" : "No notifications yet"}>
      You are notified when somebody mentions you, assigns work to you or asks for your approval,
      and of what becomes of your releases, rollouts and gates.
    </EmptyState>
  );
}
