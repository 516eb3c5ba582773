import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";

import { CallHeader, CallRow, ROW_HEIGHT, type Call } from "@/features/traces/CallRow";

interface CallListProps {
  calls: readonly Call[];
  selected: string | undefined;
  /** Calls that started after this time (RFC 3339) are highlighted. */
  newSince: string | undefined;
  hasMore: boolean;
  onMore: () => void;
  onOpen: (call: Call) => void;
}

/** A virtual list: renders visible rows only and loads further pages while scrolling. */
export function CallList(props: CallListProps) {
  const { calls, selected, newSince, hasMore, onMore, onOpen } = props;
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
  const selectedIndex = calls.findIndex((call) => call.trace_id === selected);
  useEffect(() => {
    if (selectedIndex >= 0) rows.scrollToIndex(selectedIndex, { align: "auto" });
  }, [selectedIndex, rows]);
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
                  selected={call.trace_id === selected}
                  isNew={newSince !== undefined && call.start > newSince}
                  top={start}
                  onOpen={onOpen}
                />
              )
            );
          })}
        </div>
        <p className="px-6 py-4 text-xs text-ink-3">{hasMore ? "Loading more…" : "End of list."}</p>
      </div>
    </div>
  );
}
