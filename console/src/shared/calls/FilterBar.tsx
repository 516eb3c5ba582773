import { useQuery } from "@tanstack/react-query";
import { ListFilter, X } from "lucide-react";

import { useValueName } from "@/shared/calls/names";
import { facetsQuery } from "@/shared/calls/queries";
import {
  DIMENSION_NAMES,
  DIMENSIONS,
  toggleValue,
  type CallSearch,
  type Dimension,
} from "@/shared/calls/search";
import { formatDuration } from "@/shared/format/time";
import { useProjectId } from "@/shared/session";
import type { RangeSearch } from "@/shared/timeRange";
import { Button } from "@/shared/ui/Button";
import { Menu, MenuItem, MenuLabel, MenuSeparator, SubMenu } from "@/shared/ui/Menu";

const DURATIONS_MS = [500, 1000, 2000, 5000, 10_000, 30_000];

interface FilterProps {
  search: CallSearch;
  onChange: (search: CallSearch) => void;
}

interface FilterMenuProps extends FilterProps {
  /** The range whose values are offered, if it is not that of `search`. */
  range?: RangeSearch | undefined;
}

/** The menu that adds filters. It offers the values of calls in the time range. */
export function FilterMenu({ search, onChange, range = search }: FilterMenuProps) {
  const facets = useFacets(range);
  const shown = DIMENSIONS.filter((dimension) => (facets[dimension] ?? []).length > 0);
  return (
    <Menu
      trigger={
        <Button>
          <ListFilter size={14} className="text-ink-3" />
          Filter
        </Button>
      }
    >
      <MenuItem
        checked={search.errors_only ?? false}
        onSelect={() => onChange({ ...search, errors_only: search.errors_only ? undefined : true })}
      >
        Errors only
      </MenuItem>
      <MenuItem
        checked={search.cached_only ?? false}
        onSelect={() => onChange({ ...search, cached_only: search.cached_only ? undefined : true })}
      >
        From the cache
      </MenuItem>
      <SubMenu label="Slower than">
        {DURATIONS_MS.map((ms) => (
          <MenuItem
            key={ms}
            checked={search.min_duration_ms === ms}
            onSelect={() => onChange({ ...search, min_duration_ms: ms })}
          >
            <span className="num">{formatDuration(ms)}</span>
          </MenuItem>
        ))}
      </SubMenu>
      <MenuSeparator />
      {shown.length === 0 && <MenuLabel>No calls in this time range</MenuLabel>}
      {shown.map((dimension) => (
        <SubMenu key={dimension} label={DIMENSION_NAMES[dimension]}>
          <Values
            dimension={dimension}
            values={facets[dimension] ?? []}
            search={search}
            onChange={onChange}
          />
        </SubMenu>
      ))}
    </Menu>
  );
}

/** The active filters, each with a button to remove it. */
export function FilterChips({ search, onChange }: FilterProps) {
  const without = (name: keyof CallSearch) => () => onChange({ ...search, [name]: undefined });
  const dimensions = DIMENSIONS.filter((dimension) => search[dimension]);
  const slow = search.min_duration_ms;
  const nameOf = useValueName();
  return (
    <>
      {search.errors_only && <Chip text="Errors only" onRemove={without("errors_only")} />}
      {search.cached_only && <Chip text="From the cache" onRemove={without("cached_only")} />}
      {slow !== undefined && (
        <Chip
          name="Slower than"
          text={formatDuration(slow)}
          onRemove={without("min_duration_ms")}
        />
      )}
      {dimensions.map((dimension) => (
        <Chip
          key={dimension}
          name={DIMENSION_NAMES[dimension]}
          text={(search[dimension] ?? []).map((value) => nameOf(dimension, value)).join(", ")}
          onRemove={without(dimension)}
        />
      ))}
    </>
  );
}

interface ChipProps {
  name?: string;
  text: string;
  onRemove: () => void;
}

function Chip({ name, text, onRemove }: ChipProps) {
  return (
    <span className="inline-flex h-7 max-w-72 items-center gap-1.5 rounded-md bg-accent-soft pr-1 pl-2 text-xs">
      {name && <span className="shrink-0 text-ink-2">{name}</span>}
      <span className="truncate font-medium text-accent" title={text}>
        {text}
      </span>
      <button
        type="button"
        aria-label={`Remove filter ${name ?? text}`}
        onClick={onRemove}
        className="grid size-5 shrink-0 place-items-center rounded-sm text-accent hover:bg-hover"
      >
        <X size={12} />
      </button>
    </span>
  );
}

interface ValuesProps extends FilterProps {
  dimension: Dimension;
  values: readonly string[];
}

function Values({ dimension, values, search, onChange }: ValuesProps) {
  const nameOf = useValueName();
  return values.map((value) => (
    <MenuItem
      key={value}
      keepOpen
      checked={search[dimension]?.includes(value) ?? false}
      onSelect={() => onChange(toggleValue(search, dimension, value))}
    >
      <span className="block max-w-64 truncate">{nameOf(dimension, value)}</span>
    </MenuItem>
  ));
}

function useFacets({ range, from, to }: RangeSearch): Partial<Record<Dimension, string[]>> {
  const projectId = useProjectId();
  return useQuery(facetsQuery(projectId, { range, from, to })).data ?? {};
}
