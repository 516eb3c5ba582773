import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";

import { EventRow } from "@/features/audit/EventRow";
import { eventsQuery, type Scope } from "@/features/audit/queries";
import { Button } from "@/shared/ui/Button";
import { EmptyState } from "@/shared/ui/EmptyState";
import { ErrorState } from "@/shared/ui/ErrorState";
import { SkeletonRows } from "@/shared/ui/Skeleton";
import { HeadCell, Table, TableHead } from "@/shared/ui/Table";

export function EventTable({ scope }: { scope: Scope }) {
  const query = useInfiniteQuery(eventsQuery(scope));
  const [open, setOpen] = useState("");
  if (query.isPending) return <SkeletonRows rows={10} />;
  if (query.isError) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  const events = query.data.pages.flatMap((page) => page.items);
  if (events.length === 0) return <EmptyState title="No audit events yet" />;
  return (
    <>
      <Table label="Audit events">
        <TableHead>
          <HeadCell className="w-6" />
          <HeadCell numeric className="w-12 max-md:hidden">
            No.
          </HeadCell>
          <HeadCell className="w-40">Time</HeadCell>
          <HeadCell className="max-md:hidden">Actor</HeadCell>
          <HeadCell>Event</HeadCell>
          <HeadCell className="max-lg:hidden">Action</HeadCell>
        </TableHead>
        {events.map((event) => (
          <EventRow
            key={event.id}
            event={event}
            open={open === event.id}
            onToggle={() => setOpen(open === event.id ? "" : event.id)}
          />
        ))}
      </Table>
      {query.hasNextPage && (
        <div className="mt-3 text-center">
          <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            Load older events
          </Button>
        </div>
      )}
    </>
  );
}
