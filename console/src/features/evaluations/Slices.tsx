import { useState } from "react";

import { IntervalBar } from "@/features/evaluations/IntervalBar";
import { metricScale } from "@/features/evaluations/Metrics";
import type { Estimate, MetricFacts, MetricReport } from "@/features/evaluations/queries";
import type { RunSearch } from "@/features/evaluations/search";
import { slicesBy } from "@/features/evaluations/slices";
import { formatValue, intervalText } from "@/features/evaluations/words";
import { formatCount } from "@/shared/format/number";
import { TextButton } from "@/shared/ui/Button";
import { SegmentedControl } from "@/shared/ui/SegmentedControl";
import { Cell, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";

interface SlicesProps {
  metrics: readonly MetricReport[];
  /** Shows the results behind a figure. */
  onShow: (selection: RunSearch) => void;
}

/** The metrics of a run by the values of a member of the items' metadata. */
export function Slices({ metrics, onShow }: SlicesProps) {
  const fields = [...new Set(metrics.flatMap(({ slices }) => slices.map(({ field }) => field)))];
  const [chosen, setChosen] = useState("");
  const field = fields.includes(chosen) ? chosen : fields[0];
  if (field === undefined) return null;
  const measured = metrics.filter(({ facts }) => facts.kind !== "label");
  return (
    <section aria-label="Slices" className="pt-8">
      <div className="mb-1 flex flex-wrap items-center gap-x-4 gap-y-1">
        <h2 className="text-sm font-medium">Slices</h2>
        <SegmentedControl
          label="Slices by"
          options={fields.map((name) => ({ value: name, name }))}
          value={field}
          onChange={setChosen}
        />
      </div>
      <Table label={`Slices by ${field}`}>
        <TableHead>
          <HeadCell>{field}</HeadCell>
          <HeadCell numeric>Items</HeadCell>
          {measured.map(({ name }) => (
            <HeadCell key={name}>{name}</HeadCell>
          ))}
        </TableHead>
        <tbody>
          {slicesBy(measured, field).map(({ value, items, estimates }) => (
            <Row key={value}>
              <Cell className="max-w-48 truncate font-medium">{value}</Cell>
              <Cell numeric>
                <TextButton onClick={() => onShow({ slice: [`${field}=${value}`] })}>
                  {formatCount(items)}
                </TextButton>
              </Cell>
              {measured.map(({ name, facts, slices }) => (
                <Cell key={name}>
                  <SliceValue
                    facts={facts}
                    estimate={estimates.get(name)}
                    onShow={() =>
                      onShow({ metric: name, order: "worst", slice: [`${field}=${value}`] })
                    }
                    all={slices.filter((one) => one.field === field).map((one) => one.estimate)}
                  />
                </Cell>
              ))}
            </Row>
          ))}
        </tbody>
      </Table>
    </section>
  );
}

interface SliceValueProps {
  facts: MetricFacts;
  estimate: Estimate | undefined;
  /** The estimates that share its scale. */
  all: readonly Estimate[];
  onShow: () => void;
}

function SliceValue({ facts, estimate, all, onShow }: SliceValueProps) {
  if (!estimate || estimate.mean === null) return <span className="text-ink-3">–</span>;
  return (
    <span className="flex items-center gap-3">
      <TextButton className="num w-16 shrink-0 text-left" onClick={onShow}>
        {formatValue(estimate.mean, facts)}
      </TextButton>
      <span className={`grow ${FROM_MD}`}>
        <IntervalBar
          value={estimate}
          scale={metricScale(facts, all)}
          label={intervalText(estimate, facts)}
        />
      </span>
    </span>
  );
}
