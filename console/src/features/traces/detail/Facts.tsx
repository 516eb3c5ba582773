import type { ReactNode } from "react";

import { attributeOf, type Span } from "@/features/traces/detail/queries";
import { useValueName } from "@/shared/calls/names";
import { formatCount } from "@/shared/format/number";
import { formatClock, formatDateTime } from "@/shared/format/time";
import { Copyable } from "@/shared/ui/Copyable";
import { CallCost, Duration, RelativeTime } from "@/shared/ui/Values";

/** The figures of a call in one line, and who made it in the next. */
export function Facts({ span, traceId }: { span: Span; traceId: string }) {
  const about = (name: string) => attributeOf(span, name);
  const nameOf = useValueName();
  const usage = span.usage;
  return (
    <>
      <dl className="flex flex-wrap gap-x-8 gap-y-3 border-y border-line py-3">
        <Fact name="Duration">
          <Duration ms={span.duration_ms} />
        </Fact>
        <Fact name="First token">
          <Duration ms={span.ttft_ms} />
        </Fact>
        <Fact name="Gateway added">
          <Duration ms={span.overhead_ms} />
        </Fact>
        <Fact name="Tokens in / out">
          <span className="num">
            {usage
              ? `${formatCount(usage.input_tokens)} / ${formatCount(usage.output_tokens)}`
              : "–"}
          </span>
        </Fact>
        <Fact name="Cost">
          <CallCost
            amount={span.cost?.amount ?? null}
            tokens={usage ? usage.input_tokens + usage.output_tokens : 0}
          />
        </Fact>
        <Fact name="Started">
          <span className="num" title={formatDateTime(span.start)}>
            {formatClock(span.start).slice(0, 8)}
          </span>{" "}
          <span className="text-sm font-normal text-ink-3">
            <RelativeTime at={span.start} />
          </span>
        </Fact>
      </dl>
      <dl className="flex flex-wrap gap-x-6 gap-y-1 pt-2 text-xs text-ink-2">
        <Note name="Provider">{about("gen_ai.provider.name")}</Note>
        <Note name="Use case">{about("penstock.use_case")}</Note>
        <Note name="Team">{about("penstock.team")}</Note>
        <Note name="User">{about("user.id")}</Note>
        <Note name="Environment">{about("deployment.environment.name")}</Note>
        <Note name="Key">{nameOf("key_id", about("penstock.key.id"))}</Note>
        <Note name="Session">{about("gen_ai.conversation.id")}</Note>
        <Note name="Trace">
          <Copyable value={traceId} label="trace id">
            {traceId.slice(0, 12)}…
          </Copyable>
        </Note>
      </dl>
    </>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt className="text-xs text-ink-3">{name}</dt>
      <dd className="text-base font-medium">{children}</dd>
    </div>
  );
}

function Note({ name, children }: { name: string; children: ReactNode }) {
  if (!children) return null;
  return (
    <div className="flex items-center gap-1.5">
      <dt className="text-ink-3">{name}</dt>
      <dd className="flex items-center">{children}</dd>
    </div>
  );
}
