import { Link, useNavigate, useParams, useRouter, useSearch } from "@tanstack/react-router";
import { ChevronLeft } from "lucide-react";

import { TraceView } from "@/features/traces/detail/TraceView";
import { useShortcuts } from "@/shared/shortcuts";

const FROM = "/signed-in/projects/$projectId/traces/$traceId";

/** A trace on its own page, with a URL that can be shared. */
export function TracePage() {
  const { projectId, traceId } = useParams({ from: FROM });
  const focus = useSearch({ from: FROM });
  const navigate = useNavigate({ from: "/projects/$projectId/traces/$traceId" });
  const router = useRouter();
  useShortcuts({ Escape: () => router.history.back() });
  return (
    <main className="thin-scroll h-full overflow-y-auto">
      <div className="mx-auto max-w-[1080px] px-6 pb-16">
        <Link
          to="/projects/$projectId/traces"
          params={{ projectId }}
          className="mt-3 -ml-1 inline-flex items-center gap-0.5 text-xs text-ink-3 hover:text-ink"
        >
          <ChevronLeft size={14} />
          Traces
        </Link>
        <TraceView
          traceId={traceId}
          focus={focus}
          onFocus={(next) => void navigate({ search: next, replace: true })}
        />
      </div>
    </main>
  );
}
