import { useQueries } from "@tanstack/react-query";
import type { ReactNode } from "react";

import type { Schemas } from "@/shared/api/client";
import { CallsLink } from "@/shared/calls/CallsLink";
import { overviewQuery } from "@/shared/calls/queries";
import { formatCount } from "@/shared/format/number";
import { changeFrom, FIGURES } from "@/shared/measures/figures";
import {
  isMeasured,
  sliceScoresQuery,
  type ScoreMeasures,
  type SliceFilter,
} from "@/shared/measures/queries";
import { useProjectId } from "@/shared/session";
import { cx } from "@/shared/ui/classes";
import { ErrorNotice } from "@/shared/ui/ErrorState";
import { Cell, FROM_LG, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";

/** Calls that are compared with others: `name` is drawn in the first cells of its row. */
export interface MeasuredSlice {
  key: string;
  cells: ReactNode;
  filter: SliceFilter;
}

interface MeasuresTableProps {
  label: string;
  /** The names of the first columns. */
  columns: ReactNode;
  /** The first one is what the others are compared with. */
  slices: readonly MeasuredSlice[];
}

/** Figures and scores of several sets of calls, side by side. */
export function MeasuresTable({ label, columns, slices }: MeasuresTableProps) {
  const projectId = useProjectId();
  const overviews = useQueries({
    queries: slices.map(({ filter }) => overviewQuery(projectId, filter)),
  });
  const scores = useQueries({
    queries: slices.map(({ filter }) => sliceScoresQuery(projectId, filter)),
  });
  const failed = overviews.find(({ error }) => error);
  const found = scores.map(({ data }) => (data ?? []).filter(isMeasured));
  const names = [...new Set(found.flatMap((each) => each.map(({ name }) => name)))].sort();
  return (
    <>
      {failed && <ErrorNotice error={failed.error} />}
      <Table label={label}>
        <TableHead>
          {columns}
          <HeadCell numeric>Calls</HeadCell>
          {FIGURES.map(({ name }, index) => (
            <HeadCell key={name} numeric className={WIDTHS[index] ?? ""}>
              {name}
            </HeadCell>
          ))}
          {names.map((name) => (
            <HeadCell key={name} numeric className={FROM_LG}>
              {name}
            </HeadCell>
          ))}
        </TableHead>
        <tbody>
          {slices.map(({ key, cells, filter }, index) => (
            <Row key={key}>
              {cells}
              <Figures
                measures={overviews[index]?.data?.totals}
                baseline={index > 0 ? overviews[0]?.data?.totals : undefined}
                filter={filter}
              />
              {names.map((name) => (
                <ScoreCell
                  key={name}
                  score={found[index]?.find((each) => each.name === name)}
                  baseline={index > 0 ? found[0]?.find((each) => each.name === name) : undefined}
                />
              ))}
            </Row>
          ))}
        </tbody>
      </Table>
    </>
  );
}

const WIDTHS = ["", FROM_LG, "", FROM_MD];

interface FiguresProps {
  measures: Schemas["MeasuresOut"] | undefined;
  baseline: Schemas["MeasuresOut"] | undefined;
  filter: SliceFilter;
}

function Figures({ measures, baseline, filter }: FiguresProps) {
  return (
    <>
      <Cell numeric>
        {measures ? (
          <CallsLink calls={filter}>{formatCount(measures.requests)}</CallsLink>
        ) : (
          <Dash />
        )}
      </Cell>
      {FIGURES.map(({ name, of, format }, index) => {
        const value = measures ? of(measures) : null;
        return (
          <Cell key={name} numeric className={cx("whitespace-nowrap", WIDTHS[index])}>
            {value === null ? <Dash /> : format(value)}
            <Change {...changeFrom(baseline && of(baseline), value)} />
          </Cell>
        );
      })}
    </>
  );
}

interface ScoreCellProps {
  score: ScoreMeasures | undefined;
  baseline: ScoreMeasures | undefined;
}

function ScoreCell({ score, baseline }: ScoreCellProps) {
  const mean = score?.mean ?? null;
  return (
    <Cell numeric className={`whitespace-nowrap ${FROM_LG}`}>
      {mean === null ? (
        <Dash />
      ) : (
        <span title={`${formatCount(score?.count ?? 0)} scores`}>{mean.toFixed(2)}</span>
      )}
      <Change {...changeFrom(baseline?.mean, mean, true)} />
    </Cell>
  );
}

function Change({ text, worse }: { text: string; worse: boolean }) {
  if (!text) return null;
  return <span className={cx("ml-1.5 text-xs", worse ? "text-danger" : "text-ink-3")}>{text}</span>;
}

function Dash() {
  return <span className="text-ink-3">–</span>;
}
