import { attributeOf, type Span } from "@/features/traces/detail/queries";
import { layOut, type Bar } from "@/features/traces/detail/waterfall";
import { toneOf } from "@/shared/calls/status";
import { formatDuration } from "@/shared/format/time";
import { cx } from "@/shared/ui/classes";

const COLUMNS =
  "grid-cols-[96px_minmax(0,1fr)_64px] md:grid-cols-[minmax(120px,200px)_minmax(0,1fr)_72px]";
const TICKS = [0, 0.25, 0.5, 0.75, 1];
const BARS = { ok: "bg-accent", danger: "bg-danger", warn: "bg-warn", neutral: "", accent: "" };

interface WaterfallProps {
  spans: readonly Span[];
  chosen: string;
  onChoose: (spanId: string) => void;
}

/** When each span ran, and where its first token came. */
export function Waterfall({ spans, chosen, onChoose }: WaterfallProps) {
  const { bars, lengthMs } = layOut(spans);
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
        <SpanLine
          key={bar.span.span_id}
          bar={bar}
          chosen={bar.span.span_id === chosen}
          onChoose={onChoose}
        />
      ))}
    </section>
  );
}

interface SpanLineProps {
  bar: Bar;
  chosen: boolean;
  onChoose: (spanId: string) => void;
}

function SpanLine({ bar, chosen, onChoose }: SpanLineProps) {
  const { span, depth } = bar;
  return (
    <button
      type="button"
      aria-pressed={chosen}
      onClick={() => onChoose(span.span_id)}
      className={cx(
        "-mx-2 grid h-8 w-[calc(100%+16px)] items-center gap-3 border-b border-line px-2 text-left",
        COLUMNS,
        chosen ? "bg-hover" : "hover:bg-hover",
      )}
    >
      <span className="flex min-w-0 items-baseline gap-2" style={{ paddingLeft: depth * 14 }}>
        <span className={cx("truncate", depth === 0 ? "font-medium text-ink" : "text-ink-2")}>
          {span.kind === "attempt" ? `attempt · ${providerOf(span)}` : span.name}
        </span>
      </span>
      <BarView bar={bar} />
      <span className="num text-right">{formatDuration(span.duration_ms)}</span>
    </button>
  );
}

function BarView({ bar }: { bar: Bar }) {
  const { span, left, width, firstToken } = bar;
  const percent = (share: number) => `${share * 100}%`;
  return (
    <span className="relative h-full">
      <span
        className={cx(
          "absolute top-2.5 h-3 min-w-0.5 rounded-xs",
          BARS[toneOf(span.status)],
          span.kind === "attempt" && "opacity-55",
        )}
        style={{ left: percent(left), width: percent(width) }}
      />
      {firstToken !== null && (
        <span
          role="img"
          aria-label={markOf(span)}
          title={markOf(span)}
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

/** Calls know when their first token came, attempts when the provider began to answer. */
function markOf({ kind, ttft_ms: ms }: Span): string {
  const what = kind === "call" ? "First token" : "Provider began to answer";
  return `${what} after ${formatDuration(ms ?? 0)}`;
}

function providerOf(span: Span): string {
  return attributeOf(span, "gen_ai.provider.name") || span.name;
}
