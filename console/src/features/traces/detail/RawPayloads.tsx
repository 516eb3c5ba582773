import { lazy, Suspense } from "react";

import { attributeOf, type Span } from "@/features/traces/detail/queries";
import { prettyJson } from "@/shared/format/json";
import { formatBytes } from "@/shared/format/number";
import { CopyButton } from "@/shared/ui/Copyable";
import { Skeleton } from "@/shared/ui/Skeleton";

const JsonView = lazy(() => import("@/shared/ui/JsonView"));

/** The request and response bodies, unchanged. */
export function RawPayloads({ span }: { span: Span }) {
  return (
    <div className="flex flex-col gap-5">
      <Payload name="Request" text={span.request} size={sizeOf(span, "request")} />
      <Payload name="Response" text={span.response} size={sizeOf(span, "response")} />
    </div>
  );
}

interface PayloadProps {
  name: string;
  text: string;
  size: number;
}

function Payload({ name, text, size }: PayloadProps) {
  return (
    <section>
      <header className="mb-1 flex h-7 items-center gap-2">
        <h3 className="text-sm font-medium">{name}</h3>
        <span className="num text-xs text-ink-3">{size > 0 && formatBytes(size)}</span>
        {text && <CopyButton value={text} label={name.toLowerCase()} />}
      </header>
      {text ? (
        <Suspense fallback={<Skeleton className="h-40" />}>
          <JsonView text={prettyJson(text)} label={name} />
        </Suspense>
      ) : (
        <p className="text-sm text-ink-3">Not recorded.</p>
      )}
    </section>
  );
}

function sizeOf(span: Span, side: "request" | "response"): number {
  return Number(attributeOf(span, `penstock.${side}.size`));
}
