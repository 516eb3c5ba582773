import { Search, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";

import type { TracesSearch } from "@/features/traces/search";
import { FilterChips, FilterMenu } from "@/shared/calls/FilterBar";
import { useShortcuts } from "@/shared/shortcuts";
import { Button, IconButton } from "@/shared/ui/Button";
import { cx } from "@/shared/ui/classes";
import { INPUT_CLASSES } from "@/shared/ui/Field";
import { TimeRangePicker } from "@/shared/ui/TimeRangePicker";

const DEBOUNCE_MS = 300;

interface ToolbarProps {
  search: TracesSearch;
  onChange: (search: TracesSearch) => void;
}

/** Search, filters, time range and live mode. */
export function Toolbar({ search, onChange }: ToolbarProps) {
  return (
    <header className="flex min-h-14 shrink-0 flex-wrap items-center gap-2 px-6 py-2">
      <h1 className="mr-2 text-lg font-semibold tracking-tight">Traces</h1>
      <SearchField
        value={search.q ?? ""}
        onChange={(q) => onChange({ ...search, q: q || undefined })}
      />
      <FilterMenu search={search} onChange={onChange} />
      <FilterChips search={search} onChange={onChange} />
      <div className="ml-auto flex items-center gap-2">
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

interface SearchFieldProps {
  value: string;
  onChange: (text: string) => void;
}

/** Searches input and output; the query starts when typing pauses. */
function SearchField({ value, onChange }: SearchFieldProps) {
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(value);
  const [lastValue, setLastValue] = useState(value);
  if (value !== lastValue) {
    setLastValue(value);
    setText(value);
  }
  useShortcuts({ "/": () => input.current?.focus() });
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => onChange(text), DEBOUNCE_MS);
    return () => clearTimeout(timer);
  }, [text, value, onChange]);
  return (
    <div className="relative w-72 max-w-full">
      <Search size={14} className="absolute top-2.25 left-2.5 text-ink-3" aria-hidden />
      <input
        ref={input}
        type="search"
        aria-label="Search input and output"
        placeholder="Search input and output"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
        className={cx(INPUT_CLASSES, "pr-8 pl-8 [&::-webkit-search-cancel-button]:hidden")}
      />
      {text ? (
        <IconButton
          label="Clear search"
          className="absolute top-1 right-1 size-6"
          onClick={() => setText("")}
        >
          <X size={14} />
        </IconButton>
      ) : (
        <kbd className="absolute top-1.5 right-1.5 grid size-5 place-items-center rounded-sm border border-line font-sans text-xs text-ink-3">
          /
        </kbd>
      )}
    </div>
  );
}
