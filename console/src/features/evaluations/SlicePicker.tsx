import type { Report } from "@/features/evaluations/queries";
import type { Selection } from "@/features/evaluations/search";
import { withSlice } from "@/features/evaluations/SelectionChips";
import { Button } from "@/shared/ui/Button";
import { Menu, MenuItem, SubMenu } from "@/shared/ui/Menu";

interface SlicePickerProps {
  /** The reports whose slices can be chosen. */
  reports: readonly Report[];
  selection: Selection;
  onSelect: (part: Selection) => void;
}

/** Chooses the items with a value of a member of their metadata; nothing without slices. */
export function SlicePicker({ reports, selection, onSelect }: SlicePickerProps) {
  const slices = reports.flatMap(({ metrics }) => metrics.flatMap((metric) => metric.slices));
  const fields = [...new Set(slices.map(({ field }) => field))];
  if (fields.length === 0) return null;
  const valuesOf = (field: string) => [
    ...new Set(slices.filter((each) => each.field === field).map(({ value }) => value)),
  ];
  return (
    <Menu trigger={<Button kind="quiet">Slice …</Button>}>
      {fields.map((field) => (
        <SubMenu key={field} label={field}>
          {valuesOf(field).map((value) => (
            <MenuItem
              key={value}
              onSelect={() => onSelect({ slice: withSlice(selection.slice, field, value) })}
            >
              {value}
            </MenuItem>
          ))}
        </SubMenu>
      ))}
    </Menu>
  );
}
