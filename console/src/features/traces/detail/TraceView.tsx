import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { Attributes } from "@/features/traces/detail/Attributes";
import { Conversation } from "@/features/traces/detail/Conversation";
import { asCurl } from "@/features/traces/detail/curl";
import { Facts } from "@/features/traces/detail/Facts";
import { traceQuery, type Span, type Trace } from "@/features/traces/detail/queries";
import { Raw } from "@/features/traces/detail/Raw";
import { UsageAndCost } from "@/features/traces/detail/Usage";
import { Waterfall } from "@/features/traces/detail/Waterfall";
import { toneOf } from "@/shared/calls/status";
import { useGatewayUrl } from "@/shared/gateway";
import { useProjectId } from "@/shared/session";
import { Badge } from "@/shared/ui/Badge";
import { CopyTextButton } from "@/shared/ui/Copyable";
import { ErrorState } from "@/shared/ui/ErrorState";
import { SkeletonRows } from "@/shared/ui/Skeleton";
import { Tabs } from "@/shared/ui/Tabs";

/** What of a trace is looked at: a tab, and a span if not the first call. */
export interface TraceFocus {
  tab?: string | undefined;
  span?: string | undefined;
}

interface TraceViewProps {
  traceId: string;
  focus: TraceFocus;
  onFocus: (focus: TraceFocus) => void;
  /** What stands to the right of the title. */
  actions?: ReactNode;
}

/** Everything that is known of a trace. */
export function TraceView({ traceId, focus, onFocus, actions }: TraceViewProps) {
  const trace = useQuery(traceQuery(useProjectId(), traceId));
  if (trace.isPending) {
    return (
      <>
        <Header actions={actions}>Trace</Header>
        <SkeletonRows rows={8} />
      </>
    );
  }
  if (trace.error) {
    return (
      <>
        <Header actions={actions}>Trace</Header>
        <ErrorState error={trace.error} onRetry={() => void trace.refetch()} />
      </>
    );
  }
  return <Loaded trace={trace.data} focus={focus} onFocus={onFocus} actions={actions} />;
}

type LoadedProps = Omit<TraceViewProps, "traceId"> & { trace: Trace };

function Loaded({ trace, focus, onFocus, actions }: LoadedProps) {
  const gatewayUrl = useGatewayUrl();
  const spans = trace.spans;
  const first = spans.find((span) => span.kind === "call") ?? spans[0];
  const chosen = spans.find((span) => span.span_id === focus.span) ?? first;
  if (!chosen) return null;
  const call = callOf(spans, chosen);
  return (
    <>
      <Header
        actions={
          <>
            {call.request && (
              <CopyTextButton value={asCurl(call, gatewayUrl)}>Copy as curl</CopyTextButton>
            )}
            {actions}
          </>
        }
      >
        <span className="truncate">{call.name}</span>
        <Badge tone={toneOf(call.status)}>{call.status}</Badge>
      </Header>
      <Facts span={call} traceId={trace.trace_id} />
      {chosen.error && <Failure span={chosen} />}
      <div className="my-5">
        <Waterfall
          spans={spans}
          chosen={chosen.span_id}
          onChoose={(span) => onFocus({ ...focus, span })}
        />
        {trace.truncated && (
          <p className="mt-2 text-xs text-warn">This trace has more spans than are shown.</p>
        )}
      </div>
      <Details span={chosen} focus={focus} onFocus={onFocus} />
    </>
  );
}

function Details({ span, focus, onFocus }: { span: Span } & Omit<TraceViewProps, "traceId">) {
  const attributes = { id: "attributes", label: "Attributes", content: <Attributes span={span} /> };
  const ofCalls = [
    { id: "conversation", label: "Conversation", content: <Conversation span={span} /> },
    { id: "raw", label: "Raw", content: <Raw span={span} /> },
    { id: "usage", label: "Usage and cost", content: <UsageAndCost span={span} /> },
  ];
  const tabs = span.kind === "call" ? [...ofCalls, attributes] : [attributes];
  const chosen = tabs.find((tab) => tab.id === focus.tab) ?? tabs[0] ?? attributes;
  return (
    <Tabs
      label="Details"
      tabs={tabs}
      value={chosen.id}
      onChange={(tab) => onFocus({ ...focus, tab })}
    />
  );
}

function Header({ children, actions }: { children: ReactNode; actions: ReactNode }) {
  return (
    <header className="flex h-14 items-center justify-between gap-4">
      <h1 className="flex min-w-0 items-center gap-2.5 text-lg font-semibold tracking-tight">
        {children}
      </h1>
      <div className="flex shrink-0 items-center gap-1.5">{actions}</div>
    </header>
  );
}

function Failure({ span }: { span: Span }) {
  if (!span.error) return null;
  const { type, message, http_status: status } = span.error;
  const tone = toneOf(span.status);
  return (
    <p
      role="alert"
      className={`mt-3 rounded-md px-3 py-2 text-sm ${tone === "danger" ? "bg-danger-soft text-danger" : "bg-warn-soft text-warn"}`}
    >
      <span className="font-medium">{type}</span> {status > 0 && `(HTTP ${status})`} {message}
    </p>
  );
}

/** The call that a span belongs to: itself, or its parent for an attempt. */
function callOf(spans: readonly Span[], span: Span): Span {
  if (span.kind === "call") return span;
  return spans.find((one) => one.span_id === span.parent_span_id) ?? span;
}
