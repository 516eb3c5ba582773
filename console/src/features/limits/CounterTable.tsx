import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";

import { TONES } from "@/features/limits/LimitTable";
import { formatAmount } from "@/features/limits/measures";
import { countersQuery, type Limit, type LimitCounter } from "@/features/limits/queries";
import { dimensionLabel } from "@/shared/calls/conditions";
import { useValueText } from "@/shared/calls/Scope";
import { stateOf } from "@/features/limits/state";
import { UseBar } from "@/features/limits/UseBar";
import { Button } from "@/shared/ui/Button";
import { cx } from "@/shared/ui/classes";
import { EmptyState } from "@/shared/ui/EmptyState";
import { INPUT_CLASSES } from "@/shared/ui/Field";
import { QueryContent } from "@/shared/ui/QueryContent";
import { Cell, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { useNow } from "@/shared/ui/useNow";

const FROM = "/signed-in/projects/$projectId/limits/$limitId";

interface CounterTableProps {
  limit: Limit;
  selected: readonly string[];
}

/** The counters of the values that used most, and a form for any other value. */
export function CounterTable({ limit, selected }: CounterTableProps) {
  const { projectId } = useParams({ from: FROM });
  const query = useQuery(countersQuery(projectId, limit.id));
  return (
    <section aria-label="Counters" className="pt-8">
      <div className="mb-2 flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <h2 className="text-sm font-medium">
          Most used
          <span className="font-normal text-ink-3"> – each has the whole amount</span>
        </h2>
        <OtherValue limit={limit} />
      </div>
      <QueryContent query={query}>
        {(counters) =>
          counters.length === 0 ? (
            <EmptyState title="No recorded call has used this limit yet" />
          ) : (
            <Table label="Counters">
              <TableHead>
                {limit.per.map((dimension) => (
                  <HeadCell key={dimension}>{dimensionLabel(dimension)}</HeadCell>
                ))}
                <HeadCell>Used</HeadCell>
                <HeadCell numeric className={FROM_MD}>
                  Left
                </HeadCell>
                <HeadCell className={FROM_MD}>Forecast</HeadCell>
              </TableHead>
              <tbody>
                {counters.map((counter) => (
                  <CounterRow
                    key={counter.values.join("\n")}
                    limit={limit}
                    counter={counter}
                    isSelected={counter.values.join("\n") === selected.join("\n")}
                  />
                ))}
              </tbody>
            </Table>
          )
        }
      </QueryContent>
    </section>
  );
}

interface CounterRowProps {
  limit: Limit;
  counter: LimitCounter;
  isSelected: boolean;
}

function CounterRow({ limit, counter: { values, use }, isSelected }: CounterRowProps) {
  const { projectId, limitId } = useParams({ from: FROM });
  const textOf = useValueText();
  const state = stateOf(limit, use, useNow());
  const tone = state?.tone ?? "neutral";
  return (
    <Row className={cx(isSelected && "bg-accent-soft")}>
      {values.map((value, index) => {
        const text = textOf(limit.per[index] ?? "", value);
        return (
          <Cell key={limit.per[index]} className="max-w-40 min-w-24 md:max-w-72">
            <Link
              to="/projects/$projectId/limits/$limitId"
              params={{ projectId, limitId }}
              search={{ value: values }}
              resetScroll={false}
              title={text}
              className="block truncate font-medium hover:text-accent hover:underline"
            >
              {text}
            </Link>
          </Cell>
        );
      })}
      <Cell className="w-1/3 min-w-24">
        <div className="num mb-1 text-xs">
          {formatAmount(limit.measure, limit.measure === "concurrency" ? use.reserved : use.used)}
        </div>
        <UseBar amount={limit.amount} use={use} tone={tone} />
      </Cell>
      <Cell numeric className={FROM_MD}>
        {formatAmount(limit.measure, use.left)}
      </Cell>
      <Cell className={cx("num whitespace-nowrap", TONES[tone], FROM_MD)}>
        {state?.text ?? <span className="text-ink-3">–</span>}
      </Cell>
    </Row>
  );
}

/** Shows the counter of values that are typed in. */
function OtherValue({ limit: { per } }: { limit: Limit }) {
  const navigate = useNavigate({ from: "/projects/$projectId/limits/$limitId" });
  const [values, setValues] = useState<readonly string[]>(per.map(() => ""));
  return (
    <form
      className="flex flex-wrap gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        void navigate({ search: { value: [...values] }, resetScroll: false });
      }}
    >
      {per.map((dimension, index) => (
        <input
          key={dimension}
          aria-label={dimensionLabel(dimension)}
          placeholder={dimensionLabel(dimension)}
          value={values[index]}
          onChange={(event) => setValues(values.with(index, event.target.value))}
          className={cx(INPUT_CLASSES, "w-40!")}
        />
      ))}
      <Button type="submit">Show</Button>
    </form>
  );
}
