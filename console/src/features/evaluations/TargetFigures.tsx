import { useQuery } from "@tanstack/react-query";

import { DatasetPicker } from "@/features/evaluations/DatasetPicker";
import { figuresQuery, type DatasetFigures } from "@/features/evaluations/figures";
import type { EvaluationsSearch } from "@/features/evaluations/search";
import { TargetPlots } from "@/features/evaluations/TargetPlots";
import { TargetTable } from "@/features/evaluations/TargetTable";
import { useProjectId } from "@/shared/session";
import { EmptyState } from "@/shared/ui/EmptyState";
import { SelectInput } from "@/shared/ui/Field";
import { Notice } from "@/shared/ui/Notice";
import { QueryContent } from "@/shared/ui/QueryContent";

interface TargetFiguresProps {
  search: EvaluationsSearch;
  onChange: (part: EvaluationsSearch) => void;
}

/** The quality of all targets that were measured on a dataset, against cost, latency and time. */
export function TargetFigures({ search, onChange }: TargetFiguresProps) {
  return (
    <>
      <div className="flex min-h-12 flex-wrap items-center gap-x-4 gap-y-2 pb-2">
        <DatasetPicker
          value={search.dataset ?? ""}
          onChange={(dataset) => onChange({ dataset, metric: undefined })}
        />
        {search.dataset && <MetricPicker search={search} onChange={onChange} />}
      </div>
      {search.dataset ? (
        <Figures dataset={search.dataset} metric={search.metric ?? ""} />
      ) : (
        <EmptyState title="Choose a dataset">
          Targets that were measured on the same items are shown with quality, cost and latency.
        </EmptyState>
      )}
    </>
  );
}

function MetricPicker({ search, onChange }: TargetFiguresProps) {
  const query = useQuery(figuresQuery(useProjectId(), search.dataset ?? "", search.metric ?? ""));
  if (!query.data || query.data.metrics.length === 0) return null;
  return (
    <SelectInput
      label="Metric"
      value={query.data.metric}
      onChange={(metric) => onChange({ metric })}
      options={query.data.metrics.map((name) => ({ value: name, name }))}
    />
  );
}

function Figures({ dataset, metric }: { dataset: string; metric: string }) {
  const query = useQuery(figuresQuery(useProjectId(), dataset, metric));
  return <QueryContent query={query}>{(found) => <Found found={found} />}</QueryContent>;
}

function Found({ found }: { found: DatasetFigures }) {
  if (found.targets.length === 0) {
    return (
      <EmptyState title="No run of this dataset has ended">
        Runs that are done are shown.
      </EmptyState>
    );
  }
  return (
    <>
      {found.truncated && (
        <Notice tone="neutral">Older runs, or further targets, are left out.</Notice>
      )}
      <TargetPlots found={found} />
      <TargetTable found={found} />
    </>
  );
}
