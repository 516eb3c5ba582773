import { itemText } from "@/shared/datasets/itemText";
import { Measured } from "@/features/evaluations/Measured";
import type { ComparedItem, Item, MetricFacts, Result, Run } from "@/features/evaluations/queries";
import { Output, TraceLink } from "@/features/evaluations/ResultRow";
import { TextBox } from "@/shared/ui/TextBox";
import { runName } from "@/features/evaluations/words";
import { wordDiff } from "@/shared/format/wordDiff";
import { ChangedWords } from "@/shared/ui/ChangedWords";
import { cx } from "@/shared/ui/classes";
import { Disclosure } from "@/shared/ui/Disclosure";

interface ComparedItemEntryProps {
  compared: ComparedItem;
  /** `undefined` while loading, or if the item is gone. */
  item: Item | undefined;
  /** The baseline and the candidate. */
  runs: readonly [Run, Run];
  facts: ReadonlyMap<string, MetricFacts>;
}

/** One item in two runs: what was measured before and after, and the outputs side by side. */
export function ComparedItemEntry({ compared, item, runs, facts }: ComparedItemEntryProps) {
  const { item_id, advantage, before, after } = compared;
  const expected = itemText(item?.expected);
  const repeats = Math.max(before.length, after.length);
  return (
    <li aria-label={item_id} className="border-b border-line py-4">
      <div className="mb-2 flex flex-wrap items-baseline gap-x-4 gap-y-1 text-sm">
        <span className="font-mono text-xs font-medium">{item_id}</span>
        <Advantage value={advantage} />
        <Changes before={before} after={after} facts={facts} />
      </div>
      <p className="mb-2 line-clamp-3 text-sm break-words whitespace-pre-wrap text-ink-2">
        {itemText(item?.input)}
      </p>
      {Array.from({ length: repeats }, (_, at) => (
        <div key={at} className="grid gap-3 pb-2 md:grid-cols-2">
          <Outputs before={before[at]} after={after[at]} runs={runs} />
        </div>
      ))}
      {expected && (
        <Disclosure title="Expected">
          <TextBox name="Expected">{expected}</TextBox>
        </Disclosure>
      )}
    </li>
  );
}

/** Whether the candidate is worse on an item, over all metrics. */
function Advantage({ value }: { value: number }) {
  if (value === 0) return <span className="text-xs text-ink-3">equal</span>;
  return (
    <span
      title={`Sum over all metrics, each relative to its widest difference: ${value.toFixed(2)}`}
      className={cx("num text-xs font-medium", value < 0 ? "text-danger" : "text-ok")}
    >
      {value < 0 ? "worse" : "better"} by {Math.abs(value).toFixed(2)}
    </span>
  );
}

interface ChangesProps {
  before: readonly Result[];
  after: readonly Result[];
  facts: ReadonlyMap<string, MetricFacts>;
}

/** The measurements of the first repeat that differ: `equals yes → no`. */
function Changes({ before: [before], after: [after], facts }: ChangesProps) {
  if (!before || !after) return null;
  const names = Object.keys(after.measurements).filter((name) => {
    const [one, other] = [before.measurements[name], after.measurements[name]];
    return one?.value !== other?.value || one?.state !== other?.state;
  });
  return (
    <span className="flex flex-wrap gap-x-4 gap-y-1 text-xs">
      {names.map((name) => (
        <span key={name} className="whitespace-nowrap">
          <span className="text-ink-3">{name} </span>
          <span className="num text-ink-2">
            <Measured measured={before.measurements[name]} facts={facts.get(name)} />
            {" → "}
            <Measured measured={after.measurements[name]} facts={facts.get(name)} />
          </span>
        </span>
      ))}
    </span>
  );
}

interface OutputsProps {
  before: Result | undefined;
  after: Result | undefined;
  runs: readonly [Run, Run];
}

/** The run of an output, with a link to its call. */
function OutputName({ run, result }: { run: Run; result: Result | undefined }) {
  return (
    <span className="flex gap-3">
      {runName(run)}
      {result && <TraceLink result={result} />}
    </span>
  );
}

function Outputs({ before, after, runs: [baseline, candidate] }: OutputsProps) {
  const diff = before?.output && after?.output ? wordDiff(before.output, after.output) : undefined;
  return (
    <>
      <TextBox name={<OutputName run={baseline} result={before} />}>
        {diff ? (
          <ChangedWords parts={diff.before} side="before" />
        ) : (
          before && <Output result={before} />
        )}
      </TextBox>
      <TextBox name={<OutputName run={candidate} result={after} />}>
        {diff ? (
          <ChangedWords parts={diff.after} side="after" />
        ) : (
          after && <Output result={after} />
        )}
      </TextBox>
    </>
  );
}
