import { CalendarClock, ChevronDown } from "lucide-react";

import { formatRange } from "@/shared/format/time";
import { DEFAULT_PRESET, PRESET_NAMES, PRESETS, type RangeSearch } from "@/shared/timeRange";
import { Button } from "@/shared/ui/Button";
import { Menu, MenuItem } from "@/shared/ui/Menu";

interface TimeRangePickerProps {
  value: RangeSearch;
  onChange: (range: RangeSearch) => void;
}

/** Selects a page's time range. Custom ranges are selected by dragging over a chart. */
export function TimeRangePicker({ value, onChange }: TimeRangePickerProps) {
  return (
    <Menu
      align="end"
      trigger={
        <Button aria-label="Time range">
          <CalendarClock size={14} className="text-ink-3" />
          <span className="num min-w-22 text-left">{rangeLabel(value)}</span>
          <ChevronDown size={14} className="text-ink-3" />
        </Button>
      }
    >
      {PRESETS.map((preset) => (
        <MenuItem
          key={preset}
          checked={!value.from && (value.range ?? DEFAULT_PRESET) === preset}
          onSelect={() => onChange({ range: preset })}
        >
          {PRESET_NAMES[preset]}
        </MenuItem>
      ))}
    </Menu>
  );
}

function rangeLabel({ range, from, to }: RangeSearch): string {
  if (from && to) return formatRange(from, to);
  return PRESET_NAMES[range ?? DEFAULT_PRESET];
}
