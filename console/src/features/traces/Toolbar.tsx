import { callSearchOf, type TracesSearch } from "@/features/traces/search";
import { FilterChips, FilterMenu } from "@/shared/calls/FilterBar";
import { AddCallsButton } from "@/shared/datasets/AddCallsButton";
import { Button } from "@/shared/ui/Button";
import { cx } from "@/shared/ui/classes";
import { SearchInput } from "@/shared/ui/SearchInput";
import { TimeRangePicker } from "@/shared/ui/TimeRangePicker";

interface ToolbarProps {
  search: TracesSearch;
  onChange: (search: TracesSearch) => void;
}

/** Search, filters, time range and live mode. */
export function Toolbar({ search, onChange }: ToolbarProps) {
  return (
    <header className="flex min-h-14 shrink-0 flex-wrap items-center gap-2 px-6 py-2">
      <h1 className="mr-2 text-lg font-semibold tracking-tight">Traces</h1>
      <SearchInput
        label="Search input and output"
        value={search.q ?? ""}
        onChange={(q) => onChange({ ...search, q: q || undefined })}
      />
      <FilterMenu search={search} onChange={onChange} />
      <FilterChips search={search} onChange={onChange} />
      <div className="ml-auto flex flex-wrap items-center justify-end gap-2">
        <AddCallsButton calls={{ search: callSearchOf(search) }} />
        <LiveButton
          live={search.live ?? false}
          onChange={(live) => onChange({ ...search, from: undefined, to: undefined, live })}
        />
        <TimeRangePicker
          value={search}
          onChange={({ range, from, to }) => onChange({ ...search, range, from, to })}
        />
      </div>
    </header>
  );
}

interface LiveButtonProps {
  live: boolean;
  onChange: (live: true | undefined) => void;
}

function LiveButton({ live, onChange }: LiveButtonProps) {
  return (
    <Button
      aria-pressed={live}
      title="Show new calls as they arrive (l)"
      className={live ? "border-ok bg-ok-soft text-ok" : ""}
      onClick={() => onChange(live ? undefined : true)}
    >
      <span
        className={cx("size-1.5 rounded-full", live ? "animate-pulse bg-ok" : "bg-line-strong")}
      />
      Live
    </Button>
  );
}
