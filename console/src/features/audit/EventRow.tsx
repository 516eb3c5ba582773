import { ChevronRight } from "lucide-react";

import { Diff } from "@/features/audit/Diff";
import type { AuditEvent } from "@/features/audit/queries";
import { actionText, subjectName } from "@/features/audit/descriptions";
import { formatDateTime } from "@/shared/format/time";
import { cx } from "@/shared/ui/classes";
import { Cell, Row, RowDetails } from "@/shared/ui/Table";

interface EventRowProps {
  event: AuditEvent;
  open: boolean;
  onToggle: () => void;
}

/** One event; when open, its changes are shown below it. */
export function EventRow({ event, open, onToggle }: EventRowProps) {
  return (
    <tbody>
      <Row className={cx(open && "border-b-0")}>
        <Cell>
          <button
            type="button"
            aria-expanded={open}
            aria-label={`Event ${event.sequence}: ${actionText(event)} ${subjectName(event)}`}
            onClick={onToggle}
            className="grid size-6 place-items-center rounded-sm text-ink-3 hover:text-ink"
          >
            <ChevronRight size={14} className={cx("transition-transform", open && "rotate-90")} />
          </button>
        </Cell>
        <Cell numeric className="text-ink-3 max-md:hidden">
          {event.sequence}
        </Cell>
        <Cell className="num whitespace-nowrap text-ink-2">{formatDateTime(event.at)}</Cell>
        <Cell className="max-w-56 min-w-44 max-md:hidden">
          <Actor event={event} />
        </Cell>
        <Cell className="w-full max-w-0">
          <div className="truncate" title={`${actionText(event)} ${subjectName(event)}`}>
            {actionText(event)} <span className="font-medium">{subjectName(event)}</span>
          </div>
        </Cell>
        <Cell className="font-mono text-xs text-ink-3 max-lg:hidden">{event.action}</Cell>
      </Row>
      {open && (
        <tr className="border-b border-line">
          <td />
          <td colSpan={5} className="pb-4 pl-3">
            <RowDetails>
              <Diff event={event} />
            </RowDetails>
          </td>
        </tr>
      )}
    </tbody>
  );
}

function Actor({ event }: { event: AuditEvent }) {
  return (
    <div className="truncate" title={`${event.actor_kind} ${event.actor_id}`}>
      {event.actor_label || event.actor_id}
      {event.actor_kind !== "user" && (
        <span className="ml-2 text-xs text-ink-3">{event.actor_kind}</span>
      )}
    </div>
  );
}
