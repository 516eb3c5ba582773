import type { Span } from "@/features/traces/detail/queries";
import { formatValue } from "@/shared/format/json";
import { CopyButton } from "@/shared/ui/Copyable";

/** All attributes by OpenTelemetry name. */
export function Attributes({ span }: { span: Span }) {
  const attributes = Object.entries(span.attributes).sort(([one], [other]) =>
    one.localeCompare(other),
  );
  return (
    <dl aria-label="Attributes">
      {attributes.map(([name, value]) => (
        <div
          key={name}
          className="group grid min-h-8 grid-cols-[minmax(180px,300px)_minmax(0,1fr)_28px] items-center gap-4 border-b border-line"
        >
          <dt className="truncate font-mono text-xs text-ink-2" title={name}>
            {name}
          </dt>
          <dd className="font-mono text-xs break-all">{formatValue(value)}</dd>
          <div className="opacity-0 group-hover:opacity-100 focus-within:opacity-100">
            <CopyButton value={formatValue(value)} label={name} />
          </div>
        </div>
      ))}
    </dl>
  );
}
