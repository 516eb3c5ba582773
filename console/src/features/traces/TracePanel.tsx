import { Link } from "@tanstack/react-router";
import { Maximize2, X } from "lucide-react";
import { useState } from "react";

import { TraceView, type TraceFocus } from "@/features/traces/detail/TraceView";
import { useProjectId } from "@/shared/session";
import { IconButton } from "@/shared/ui/Button";

/** A trace in a side panel over the list. */
export function TracePanel({ traceId, onClose }: { traceId: string; onClose: () => void }) {
  const projectId = useProjectId();
  const [focus, setFocus] = useState<TraceFocus>({});
  return (
    <aside
      aria-label="Trace"
      className="thin-scroll absolute inset-y-0 right-0 z-20 w-full md:w-[min(820px,calc(100%-160px))] overflow-y-auto border-l border-line bg-canvas px-6 pb-12 shadow-float"
    >
      <TraceView
        traceId={traceId}
        focus={focus}
        onFocus={setFocus}
        actions={
          <>
            <Link
              to="/projects/$projectId/traces/$traceId"
              params={{ projectId, traceId }}
              search={focus}
              aria-label="Open full page (Enter)"
              title="Open full page (Enter)"
              className="inline-flex size-7 items-center justify-center rounded-md text-ink-3 hover:bg-hover hover:text-ink"
            >
              <Maximize2 size={14} />
            </Link>
            <IconButton label="Close (Esc)" onClick={onClose}>
              <X size={16} />
            </IconButton>
          </>
        }
      />
    </aside>
  );
}
