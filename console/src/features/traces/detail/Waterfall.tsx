import { attributeOf, type Span } from "@/features/traces/detail/queries";
import { layoutSpans, type Bar } from "@/features/traces/detail/waterfall";
import { statusTone } from "@/shared/calls/status";
import { formatDuration } from "@/shared/format/time";
import { cx } from "@/shared/ui/classes";

const COLUMNS =
  "grid-cols-[96px_minmax(0,1fr)_64px] md:grid-cols-[minmax(120px,200px)_minmax(0,1fr)_72px]";
const TICKS = [0, 0.25, 0.5, 0.75, 1];
const BAR_CLASSES = {
  ok: "bg-accent",
  danger: "bg-danger",
  warn: "bg-warn",
  neutral: "",
  accent: "",
};

interface WaterfallProps {
  spans: readonly Span[];
  selected: string;
  onSelect: (spanId: string) => void;
}

/** The spans over time, with the time of the first token. */
export function Waterfall({ spans, selected, onSelect }: WaterfallProps) {
  const { bars, lengthMs } = layoutSpans(spans);
  return (
    <section aria-label="Waterfall" className="text-xs">
      <div className={cx("grid gap-3 border-b border-line text-ink-3", COLUMNS)}>
        <span className="h-6">Span</span>
        <div className="relative h-6">
          {TICKS.map((tick) => (
            <span
              key={tick}
              className={cx(
                "num absolute whitespace-nowrap",
                tick > 0 && tick < 1 && "max-md:hidden",
              )}
              style={{ left: `${tick * 100}%`, transform: `translateX(${-tick * 100}%)` }}
            >
              {tick === 0 ? "0" : formatDuration(tick * lengthMs)}
            </span>
          ))}
        </div>
        <span className="text-right">Duration</span>
      </div>
      {bars.map((bar) => (
        <SpanRow
          key={bar.span.span_id}
          bar={bar}
          selected={bar.span.span_id === selected}
          onSelect={onSelect}
        />
      ))}
    </section>
  );
}

interface SpanRowProps {
  bar: Bar;
  selected: boolean;
  onSelect: (spanId: string) => void;
}

function SpanRow({ bar, selected, onSelect }: SpanRowProps) {
  const { span, depth } = bar;
  return (
    <button
      type="button"
      aria-pressed={selected}
      onClick={() => onSelect(span.span_id)}
      className={cx(
        "-mx-2 grid h-8 w-[calc(100%+16px)] items-center gap-3 border-b border-line px-2 text-left",
        COLUMNS,
        selected ? "bg-accent-soft" : "hover:bg-hover",
      )}
    >
      <span className="flex min-w-0 items-baseline gap-2" style={{ paddingLeft: depth * 14 }}>
        <span className={cx("truncate", depth === 0 ? "font-medium text-ink" : "text-ink-2")}>
          {span.kind === "attempt" ? `attempt · ${targetOf(span)}` : span.name}
        </span>
      </span>
      <SpanBar bar={bar} />
      <span className="num text-right">{formatDuration(span.duration_ms)}</span>
    </button>
  );
}

function SpanBar({ bar }: { bar: Bar }) {
  const { span, left, width, firstToken } = bar;
  const percent = (share: number) => `${share * 100}%`;
  return (
    <span className="relative h-full">
      <span
        className={cx(
          "absolute top-2.5 h-3 min-w-0.5 rounded-xs",
          BAR_CLASSES[statusTone(span.status)],
          span.kind === "attempt" && "opacity-55",
        )}
        style={{ left: percent(left), width: percent(width) }}
      />
      {firstToken !== null && (
        <span
          role="img"
          aria-label={ttftLabel(span)}
          title={ttftLabel(span)}
          className={cx(
            "absolute w-0.5 -translate-x-px",
            span.kind === "call" ? "top-1.5 h-5 bg-ink" : "top-2.5 h-3 bg-ink-3",
          )}
          style={{ left: percent(firstToken) }}
        />
      )}
    </span>
  );
}

/** `ttft_ms` is the first token for a call, and the start of the response for an attempt. */
function ttftLabel({ kind, ttft_ms: ms }: Span): string {
  const what = kind === "call" ? "First token" : "Provider started to respond";
  return `${what} after ${formatDuration(ms ?? 0)}`;
}

/** `provider/model`. */
function targetOf(span: Span): string {
  const names = [attributeOf(span, "gen_ai.provider.name"), attributeOf(span, "penstock.model")];
  return names.filter(Boolean).join("/") || span.name;
}
