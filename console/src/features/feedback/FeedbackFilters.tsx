import { NAMES, STATUSES, type FeedbackSearch } from "@/features/feedback/search";
import { useSession } from "@/shared/session";
import { INPUT_CLASSES } from "@/shared/ui/Field";
import { SearchInput } from "@/shared/ui/SearchInput";
import { SegmentedControl } from "@/shared/ui/SegmentedControl";

interface FeedbackFiltersProps {
  search: FeedbackSearch;
  onChange: (search: FeedbackSearch) => void;
}

const RATINGS = [
  { value: "", name: "All ratings" },
  { value: "negative", name: "Negative" },
  { value: "positive", name: "Positive" },
] as const;

const DIMENSIONS = [
  { name: "use_case", label: "Use case" },
  { name: "release", label: "Release" },
  { name: "prompt_version", label: "Prompt version" },
] as const;

/** Status, rating, kind, text, and the call that it is about. */
export function FeedbackFilters({ search, onChange }: FeedbackFiltersProps) {
  const me = useSession().label;
  return (
    <div className="mb-3 space-y-2">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <SegmentedControl
          label="Status"
          options={STATUSES}
          value={search.status ?? "all"}
          onChange={(value) => {
            const status = STATUSES.find((each) => each.value === value)?.value;
            onChange({ ...search, status: status === "all" ? undefined : status });
          }}
        />
        <label className="flex items-center gap-1.5 text-sm text-ink-2">
          <input
            type="checkbox"
            checked={search.mine === me}
            onChange={(event) =>
              onChange({ ...search, mine: event.target.checked ? me : undefined })
            }
          />
          Assigned to me
        </label>
      </div>
      <div className="flex flex-wrap items-center gap-2">
        <SearchInput
          label="Search comments"
          value={search.q ?? ""}
          onChange={(q) => onChange({ ...search, q: q || undefined })}
        />
        <Select
          label="Rating"
          value={search.rating ?? ""}
          options={RATINGS}
          onChange={(value) => {
            const rating = value === "positive" || value === "negative" ? value : undefined;
            onChange({ ...search, rating });
          }}
        />
        <Select
          label="Kind"
          value={search.name ?? ""}
          options={[{ value: "", name: "All kinds" }, ...NAMES]}
          onChange={(name) => onChange({ ...search, name: name || undefined })}
        />
        {DIMENSIONS.map(({ name, label }) => (
          <div key={name} className="w-40">
            <input
              aria-label={label}
              placeholder={label}
              defaultValue={search[name] ?? ""}
              onBlur={(event) =>
                event.target.value !== (search[name] ?? "") &&
                onChange({ ...search, [name]: event.target.value || undefined })
              }
              onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
              className={INPUT_CLASSES}
            />
          </div>
        ))}
      </div>
    </div>
  );
}

interface SelectProps {
  label: string;
  value: string;
  options: readonly { value: string; name: string }[];
  onChange: (value: string) => void;
}

function Select({ label, value, options, onChange }: SelectProps) {
  return (
    <select
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      className="h-8 rounded-md border border-line-strong bg-raised px-2 text-sm"
    >
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.name}
        </option>
      ))}
    </select>
  );
}
