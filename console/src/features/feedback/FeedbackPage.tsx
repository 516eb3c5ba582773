import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";

import { FeedbackFilters } from "@/features/feedback/FeedbackFilters";
import { FeedbackTable } from "@/features/feedback/FeedbackTable";
import { feedbackQuery } from "@/features/feedback/queries";
import { isFilteredFeedback, type FeedbackSearch } from "@/features/feedback/search";
import { useProjectId } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { EmptyState } from "@/shared/ui/EmptyState";
import { ErrorState } from "@/shared/ui/ErrorState";
import { Page } from "@/shared/ui/Page";
import { SkeletonRows } from "@/shared/ui/Skeleton";
import { TimeRangePicker } from "@/shared/ui/TimeRangePicker";

const ROUTE = "/signed-in/projects/$projectId/feedback";

/** What end users say about answers: filters, status, and who works on it. */
export function FeedbackPage() {
  const search = useSearch({ from: ROUTE });
  const navigate = useNavigate({ from: "/projects/$projectId/feedback" });
  const onChange = (changed: FeedbackSearch) => void navigate({ search: changed, replace: true });
  return (
    <Page
      title="Feedback"
      actions={
        <TimeRangePicker
          value={{ ...search, range: search.range ?? "7d" }}
          onChange={(range) => onChange({ ...search, from: undefined, to: undefined, ...range })}
        />
      }
    >
      <FeedbackFilters search={search} onChange={onChange} />
      <Inbox search={search} onChange={onChange} />
    </Page>
  );
}

interface InboxProps {
  search: FeedbackSearch;
  onChange: (search: FeedbackSearch) => void;
}

function Inbox({ search, onChange }: InboxProps) {
  const list = useInfiniteQuery(feedbackQuery(useProjectId(), search));
  if (list.isPending) return <SkeletonRows rows={10} />;
  if (list.error) return <ErrorState error={list.error} onRetry={() => void list.refetch()} />;
  const items = list.data.pages.flatMap((page) => page.items);
  if (items.length === 0) return <NoFeedback search={search} onChange={onChange} />;
  return (
    <>
      <FeedbackTable items={items} />
      {list.hasNextPage && (
        <div className="mt-3 text-center">
          <Button disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            Show more
          </Button>
        </div>
      )}
    </>
  );
}

function NoFeedback({ search, onChange }: InboxProps) {
  const { range, from, to } = search;
  if (isFilteredFeedback(search)) {
    return (
      <EmptyState
        title="No matching feedback"
        action={<Button onClick={() => onChange({ range, from, to })}>Clear filters</Button>}
      >
        Nothing in this time range matches all filters.
      </EmptyState>
    );
  }
  return (
    <EmptyState title="No feedback in this time range">
      Call the gateway with the header <code>x-penstock-feedback</code>, and let your page send
      feedback with the token of the answer:{" "}
      <code>penstock feedback add-key NAME --origin URL</code> creates its public key.
    </EmptyState>
  );
}
