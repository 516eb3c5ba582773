import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { Attempts } from "@/features/traces/detail/Attempts";
import { Attributes } from "@/features/traces/detail/Attributes";
import { Conversation } from "@/features/traces/detail/Conversation";
import { asCurl } from "@/features/traces/detail/curl";
import { CallNotes } from "@/features/traces/detail/CallNotes";
import { CallMetrics } from "@/features/traces/detail/CallMetrics";
import { traceQuery, type Span, type Trace } from "@/features/traces/detail/queries";
import { RawPayloads } from "@/features/traces/detail/RawPayloads";
import { TraceScores } from "@/features/traces/detail/TraceScores";
import { UsageAndCost } from "@/features/traces/detail/UsageAndCost";
import { Waterfall } from "@/features/traces/detail/Waterfall";
import { statusTone } from "@/shared/calls/status";
import { AddCallsButton } from "@/shared/datasets/AddCallsButton";
import { useGatewayUrl } from "@/shared/gateway";
import { useHasRole, useProjectId } from "@/shared/session";
import { Badge } from "@/shared/ui/Badge";
import { CopyTextButton } from "@/shared/ui/Copyable";
import { ErrorState } from "@/shared/ui/ErrorState";
import { LINK_BUTTON_CLASSES } from "@/shared/ui/LinkButton";
import { SkeletonRows } from "@/shared/ui/Skeleton";
import { Tabs } from "@/shared/ui/Tabs";

/** The selected tab, and the selected span unless it is the first call. */
export interface TraceFocus {
  tab?: string | undefined;
  span?: string | undefined;
}

interface TraceViewProps {
  traceId: string;
  focus: TraceFocus;
  onFocus: (focus: TraceFocus) => void;
  /** Buttons to the right of the title. */
  actions?: ReactNode;
}

/** All details of a trace. */
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
  return <TraceContent trace={trace.data} focus={focus} onFocus={onFocus} actions={actions} />;
}

type TraceContentProps = Omit<TraceViewProps, "traceId"> & { trace: Trace };

function TraceContent({ trace, focus, onFocus, actions }: TraceContentProps) {
  const gatewayUrl = useGatewayUrl();
  const spans = trace.spans;
  const first = spans.find((span) => span.kind === "call") ?? spans[0];
  const selected = spans.find((span) => span.span_id === focus.span) ?? first;
  if (!selected) return null;
  const call = callOf(spans, selected);
  const curl = asCurl(call, gatewayUrl);
  return (
    <>
      <Header
        actions={
          <>
            {call.kind === "call" && <AddCallsButton calls={{ span_ids: [call.span_id] }} />}
            <PlaygroundLink call={call} />
            {call.request && curl && <CopyTextButton value={curl}>Copy as curl</CopyTextButton>}
            {actions}
          </>
        }
      >
        <span className="truncate">{call.name}</span>
        <Badge tone={statusTone(call.status)}>{call.status}</Badge>
      </Header>
      <CallMetrics span={call} traceId={trace.trace_id} />
      <CallNotes call={call} spans={spans} />
      {selected.error && <SpanErrorMessage span={selected} />}
      <div className="my-5">
        <Waterfall
          spans={spans}
          selected={selected.span_id}
          onSelect={(span) => onFocus({ ...focus, span })}
        />
        {trace.truncated && (
          <p className="mt-2 text-xs text-warn">
            This trace has too many spans; not all are shown.
          </p>
        )}
      </div>
      <Attempts call={call} spans={spans} onSelect={(span) => onFocus({ ...focus, span })} />
      <TraceScores traceId={trace.trace_id} />
      <Details span={selected} focus={focus} onFocus={onFocus} />
    </>
  );
}

function Details({ span, focus, onFocus }: { span: Span } & Omit<TraceViewProps, "traceId">) {
  const attributes = { id: "attributes", label: "Attributes", content: <Attributes span={span} /> };
  const callTabs = [
    { id: "conversation", label: "Conversation", content: <Conversation span={span} /> },
    { id: "raw", label: "Raw", content: <RawPayloads span={span} /> },
    { id: "usage", label: "Usage and cost", content: <UsageAndCost span={span} /> },
  ];
  const tabs = span.kind === "call" ? [...callTabs, attributes] : [attributes];
  const selected = tabs.find((tab) => tab.id === focus.tab) ?? tabs[0] ?? attributes;
  return (
    <Tabs
      label="Details"
      tabs={tabs}
      value={selected.id}
      onChange={(tab) => onFocus({ ...focus, tab })}
    />
  );
}

function PlaygroundLink({ call }: { call: Span }) {
  const projectId = useProjectId();
  const canSend = useHasRole("editor");
  if (!canSend || !call.input || call.attributes["gen_ai.operation.name"] !== "chat") return null;
  return (
    <Link
      to="/projects/$projectId/playground"
      params={{ projectId }}
      search={{ trace: call.trace_id, span: call.span_id }}
      className={LINK_BUTTON_CLASSES}
    >
      Open in playground
    </Link>
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

function SpanErrorMessage({ span }: { span: Span }) {
  if (!span.error) return null;
  const { type, message, http_status: status } = span.error;
  const tone = statusTone(span.status);
  return (
    <p
      role="alert"
      className={`mt-3 rounded-md px-3 py-2 text-sm ${tone === "danger" ? "bg-danger-soft text-danger" : "bg-warn-soft text-warn"}`}
    >
      <span className="font-medium">{type}</span> {status > 0 && `(HTTP ${status})`} {message}
    </p>
  );
}

/** The call of a span: the span itself, or the parent of an attempt. */
function callOf(spans: readonly Span[], span: Span): Span {
  if (span.kind === "call") return span;
  return spans.find((one) => one.span_id === span.parent_span_id) ?? span;
}
