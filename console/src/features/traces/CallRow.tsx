import { memo, type ReactNode } from "react";

import type { Schemas } from "@/shared/api/client";
import { DOT_CLASSES, statusTone } from "@/shared/calls/status";
import { formatCount } from "@/shared/format/number";
import { formatClock, formatDateTime } from "@/shared/format/time";
import { cx } from "@/shared/ui/classes";
import { CallCost, Duration } from "@/shared/ui/Values";

export type Call = Schemas["CallView"];

export const ROW_HEIGHT = 34;

/** Fixed, so that amounts are aligned and stay the same while further calls load. */
const COST_DECIMALS = 6;

const WIDTHS = {
  time: "w-[88px] shrink-0",
  model: "w-[136px] shrink-0 max-sm:w-auto max-sm:flex-1",
  text: "min-w-0 flex-1 basis-0 max-sm:hidden",
  useCase: "shrink-0 w-[132px] max-xl:hidden",
  tokens: "shrink-0 w-[104px] text-right max-lg:hidden",
  ttft: "shrink-0 w-[72px] text-right max-lg:hidden",
  duration: "shrink-0 w-[72px] text-right",
  cost: "shrink-0 w-[92px] text-right max-md:hidden",
};
const ROW_CLASSES = "flex items-center gap-3.5 border-b border-line px-6";

/** The column headers. */
export function CallHeader() {
  return (
    <div role="row" className={cx(ROW_CLASSES, "h-8 shrink-0 text-xs font-medium text-ink-3")}>
      <Column width={WIDTHS.time}>Time</Column>
      <Column width={WIDTHS.model}>Model</Column>
      <Column width={WIDTHS.text}>Input</Column>
      <Column width={WIDTHS.text}>Output</Column>
      <Column width={WIDTHS.useCase}>Use case</Column>
      <Column width={WIDTHS.tokens}>Tokens in / out</Column>
      <Column width={WIDTHS.ttft}>First token</Column>
      <Column width={WIDTHS.duration}>Duration</Column>
      <Column width={WIDTHS.cost}>Cost</Column>
    </div>
  );
}

function Column({ width, children }: { width: string; children: ReactNode }) {
  return (
    <div role="columnheader" className={cx("truncate", width)}>
      {children}
    </div>
  );
}

interface CallRowProps {
  call: Call;
  selected: boolean;
  isNew: boolean;
  top: number;
  onOpen: (call: Call) => void;
}

/** One call in one row. */
export const CallRow = memo(function CallRow({ call, selected, isNew, top, onOpen }: CallRowProps) {
  const tone = statusTone(call.status);
  return (
    <div
      role="row"
      aria-selected={selected}
      data-trace={call.trace_id}
      onClick={() => onOpen(call)}
      style={{ transform: `translateY(${top}px)`, height: ROW_HEIGHT }}
      className={cx(
        ROW_CLASSES,
        "absolute inset-x-0 cursor-pointer text-sm",
        selected ? "bg-accent-soft" : "hover:bg-hover",
        isNew && "animate-highlight",
      )}
    >
      <div role="cell" className={cx(WIDTHS.time, "num truncate text-ink-2")}>
        <time dateTime={call.start} title={formatDateTime(call.start)}>
          {formatClock(call.start)}
        </time>
      </div>
      <div role="cell" className={cx(WIDTHS.model, "flex items-center gap-2")}>
        <span
          role="img"
          aria-label={call.status}
          title={call.status}
          className={cx("size-1.5 shrink-0 rounded-full", DOT_CLASSES[tone])}
        />
        <span className="truncate" title={`${call.provider}/${call.model}`}>
          {call.model || call.request_model || "–"}
        </span>
      </div>
      <InputAndOutput call={call} />
      <div role="cell" className={cx(WIDTHS.useCase, "truncate text-ink-2")} title={call.team}>
        {call.use_case || call.team || <Dash />}
      </div>
      <div role="cell" className={cx(WIDTHS.tokens, "num")}>
        {formatCount(call.input_tokens)} <span className="text-ink-3">/</span>{" "}
        {formatCount(call.output_tokens)}
      </div>
      <div role="cell" className={WIDTHS.ttft}>
        <Duration ms={call.ttft_ms} />
      </div>
      <div role="cell" className={WIDTHS.duration}>
        <Duration ms={call.duration_ms} />
      </div>
      <div role="cell" className={WIDTHS.cost}>
        <CallCost
          amount={call.cost}
          tokens={call.input_tokens + call.output_tokens}
          decimals={COST_DECIMALS}
        />
      </div>
    </div>
  );
});

/** The input, and the output or the error message. */
function InputAndOutput({ call }: { call: Call }) {
  const failure = call.status === "ok" ? null : call.error_message;
  const danger = statusTone(call.status) === "danger";
  return (
    <>
      <div role="cell" className={cx(WIDTHS.text, "truncate")}>
        {call.input || <Dash />}
      </div>
      {failure ? (
        <div
          role="cell"
          className={cx(WIDTHS.text, "truncate", danger ? "text-danger" : "text-warn")}
        >
          {failure}
        </div>
      ) : (
        <div role="cell" className={cx(WIDTHS.text, "truncate text-ink-2")}>
          {call.output || <Dash />}
        </div>
      )}
    </>
  );
}

function Dash() {
  return <span className="text-ink-3">–</span>;
}
