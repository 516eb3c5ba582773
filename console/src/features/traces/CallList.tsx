import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";

import { CallHeader, CallRow, ROW_HEIGHT, type Call } from "@/features/traces/CallRow";

interface CallListProps {
  calls: readonly Call[];
  chosen: string | undefined;
  /** Calls that began after this moment (RFC 3339) are marked as they arrive. */
  freshAfter: string | undefined;
  hasMore: boolean;
  onMore: () => void;
  onOpen: (call: Call) => void;
}

/** All calls in one scroll; only the lines in view exist, further pages come as they are needed. */
export function CallList(props: CallListProps) {
  const { calls, chosen, freshAfter, hasMore, onMore, onOpen } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: calls.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => calls[index]?.span_id ?? index,
    overscan: 12,
  });
  const visible = rows.getVirtualItems();
  const last = visible.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && last >= calls.length - 30) onMore();
  }, [hasMore, last, calls.length, onMore]);
  const chosenIndex = calls.findIndex((call) => call.trace_id === chosen);
  useEffect(() => {
    if (chosenIndex >= 0) rows.scrollToIndex(chosenIndex, { align: "auto" });
  }, [chosenIndex, rows]);
  return (
    <div
      role="table"
      aria-label="Calls"
      aria-rowcount={hasMore ? -1 : calls.length}
      className="flex min-h-0 flex-1 flex-col"
    >
      <CallHeader />
      <div ref={scroller} className="thin-scroll min-h-0 flex-1 overflow-y-auto" tabIndex={-1}>
        <div role="rowgroup" className="relative" style={{ height: rows.getTotalSize() }}>
          {visible.map(({ index, start, key }) => {
            const call = calls[index];
            return (
              call && (
                <CallRow
                  key={key}
                  call={call}
                  chosen={call.trace_id === chosen}
                  fresh={freshAfter !== undefined && call.start > freshAfter}
                  top={start}
                  onOpen={onOpen}
                />
              )
            );
          })}
        </div>
        <p className="px-6 py-4 text-xs text-ink-3">
          {hasMore ? "Loading more …" : "These are all calls in this time range."}
        </p>
      </div>
    </div>
  );
}
