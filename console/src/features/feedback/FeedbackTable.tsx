import { Link } from "@tanstack/react-router";

import { FeedbackValue } from "@/shared/scores/FeedbackValue";
import { HandlingMenus } from "@/features/feedback/HandlingMenus";
import type { Feedback } from "@/features/feedback/queries";
import { useProjectId } from "@/shared/session";
import { Cell, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { RelativeTime } from "@/shared/ui/Values";

export function FeedbackTable({ items }: { items: readonly Feedback[] }) {
  return (
    <Table label="Feedback">
      <TableHead>
        <HeadCell className="w-36">Feedback</HeadCell>
        <HeadCell className="min-w-48">Comment</HeadCell>
        <HeadCell className="w-72 max-lg:hidden">About</HeadCell>
        <HeadCell className="w-24">Received</HeadCell>
        <HeadCell className="w-28">Status</HeadCell>
        <HeadCell className="w-40">Assignee</HeadCell>
      </TableHead>
      <tbody>
        {items.map((item) => (
          <FeedbackRow key={item.id} item={item} />
        ))}
      </tbody>
    </Table>
  );
}

function FeedbackRow({ item }: { item: Feedback }) {
  return (
    <Row>
      <Cell>
        <FeedbackValue score={item} />
      </Cell>
      <Cell className="max-w-md py-2">
        <p className="line-clamp-3 break-words whitespace-pre-line" title={item.comment}>
          {item.comment}
        </p>
      </Cell>
      <Cell className="text-ink-2 max-lg:hidden">
        <About item={item} />
      </Cell>
      <Cell className="text-ink-2">
        <ReceivedLink item={item} />
      </Cell>
      <HandlingMenus item={item} />
    </Row>
  );
}

/** The use case, version of the prompt and release of its call. */
function About({ item }: { item: Feedback }) {
  const release = item.release && `release ${item.release.slice(0, 12)}`;
  const known = [item.use_case, item.prompt_version, release].filter(Boolean);
  if (known.length > 0)
    return (
      <span className="block max-w-72 truncate" title={known.join(" · ")}>
        {known.join(" · ")}
      </span>
    );
  if (item.link === "found") return <span>{item.model}</span>;
  const text = item.link === "waiting" ? "waits for its call" : "its call is not known";
  return <span className="text-ink-3">{text}</span>;
}

function ReceivedLink({ item }: { item: Feedback }) {
  const projectId = useProjectId();
  if (!item.trace_id || item.link !== "found") return <RelativeTime at={item.time} />;
  return (
    <Link
      to="/projects/$projectId/traces/$traceId"
      params={{ projectId, traceId: item.trace_id }}
      search={item.span_id ? { span: item.span_id } : {}}
      aria-label="Open the trace"
      className="text-accent hover:underline"
    >
      <RelativeTime at={item.time} />
    </Link>
  );
}
