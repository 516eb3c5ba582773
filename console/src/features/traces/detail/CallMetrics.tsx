import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { attributeOf, type Span } from "@/features/traces/detail/queries";
import { RouteLink } from "@/features/traces/detail/RouteLink";
import { useRouteName } from "@/features/traces/detail/routeName";
import { CALL_ATTRIBUTES } from "@/shared/calls/attributes";
import { useValueName } from "@/shared/calls/names";
import { tagFilter, tagsOf } from "@/shared/calls/tags";
import { formatCount } from "@/shared/format/number";
import { formatClock, formatDateTime } from "@/shared/format/time";
import { useProjectId } from "@/shared/session";
import { Copyable } from "@/shared/ui/Copyable";
import { CallCost, Duration, RelativeTime } from "@/shared/ui/Values";

/** The numbers of a call in one row, and its attribution in the next. */
export function CallMetrics({ span, traceId }: { span: Span; traceId: string }) {
  const attribute = (name: string) => attributeOf(span, name);
  const nameOf = useValueName();
  const route = useRouteName(span);
  const usage = span.usage;
  return (
    <>
      <dl className="flex flex-wrap gap-x-8 gap-y-3 border-y border-line py-3">
        <Metric name="Duration">
          <Duration ms={span.duration_ms} />
        </Metric>
        <Metric name="First token">
          <Duration ms={span.ttft_ms} />
        </Metric>
        <Metric name="Gateway overhead">
          <Duration ms={span.overhead_ms} />
        </Metric>
        <Metric name="Tokens in / out">
          <span className="num">
            {usage
              ? `${formatCount(usage.input_tokens)} / ${formatCount(usage.output_tokens)}`
              : "–"}
          </span>
        </Metric>
        <Metric name="Cost">
          <CallCost
            amount={span.cost?.amount ?? null}
            tokens={usage ? usage.input_tokens + usage.output_tokens : 0}
          />
        </Metric>
        <Metric name="Started">
          <span className="num" title={formatDateTime(span.start)}>
            {formatClock(span.start).slice(0, 8)}
          </span>{" "}
          <span className="text-sm font-normal text-ink-3">
            <RelativeTime at={span.start} />
          </span>
        </Metric>
      </dl>
      <dl className="flex flex-wrap gap-x-6 gap-y-1 pt-2 text-xs text-ink-2">
        <Property name="Route">{route && <RouteLink name={route} />}</Property>
        <Property name="Provider">{attribute("gen_ai.provider.name")}</Property>
        <Property name="Answered by">{answeredBy(span)}</Property>
        <Property name="Fingerprint">{attribute("openai.response.system_fingerprint")}</Property>
        <Property name="Format">{formatsOf(span)}</Property>
        <Property name="Key">{nameOf("key_id", attribute("penstock.key.id"))}</Property>
        {CALL_ATTRIBUTES.map(({ name, label, span: key }) => (
          <Property key={name} name={label}>
            {attribute(key)}
          </Property>
        ))}
        {Object.entries(tagsOf(span.attributes)).map(([key, value]) => (
          <Property key={key} name={key}>
            <TagLink tag={tagFilter(key, value)}>{value}</TagLink>
          </Property>
        ))}
        <Property name="Trace ID">
          <Copyable value={traceId} label="trace ID">
            {traceId.slice(0, 12)}…
          </Copyable>
        </Property>
      </dl>
    </>
  );
}

/** The model that the answer names, unless it is the one that was asked. */
function answeredBy(span: Span): string {
  const model = attributeOf(span, "gen_ai.response.model");
  return model === attributeOf(span, "penstock.model") ? "" : model;
}

/** The wire format of the caller, and that of the provider if it is another one. */
function formatsOf(span: Span): string {
  const asked = attributeOf(span, "penstock.dialect");
  const answered = attributeOf(span, "penstock.provider.dialect");
  return answered && answered !== asked ? `${asked} → ${answered}` : asked;
}

/** Links a tag to the calls that have it. */
function TagLink({ tag, children }: { tag: string; children: string }) {
  return (
    <Link
      to="/projects/$projectId/traces"
      params={{ projectId: useProjectId() }}
      search={{ tag: [tag] }}
      title={`Show calls with the tag ${tag}`}
      className="hover:text-accent hover:underline"
    >
      {children}
    </Link>
  );
}

function Metric({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt className="text-xs text-ink-3">{name}</dt>
      <dd className="text-base font-medium">{children}</dd>
    </div>
  );
}

function Property({ name, children }: { name: string; children: ReactNode }) {
  if (!children) return null;
  return (
    <div className="flex items-center gap-1.5">
      <dt className="text-ink-3">{name}</dt>
      <dd className="flex items-center">{children}</dd>
    </div>
  );
}
