import { ABILITIES, type Ability, type ModelSearch } from "@/features/models/filters";
import { cx } from "@/shared/ui/classes";
import { SearchInput } from "@/shared/ui/SearchInput";

interface ModelFiltersProps {
  search: ModelSearch;
  providers: string[];
  onChange: (search: ModelSearch) => void;
}

/** Search, provider and abilities. */
export function ModelFilters({ search, providers, onChange }: ModelFiltersProps) {
  const can = search.can ?? [];
  const toggle = (ability: Ability) => {
    const next = can.includes(ability) ? can.filter((one) => one !== ability) : [...can, ability];
    onChange({ ...search, can: next.length > 0 ? next : undefined });
  };
  return (
    <div className="mb-3 flex flex-wrap items-center gap-2">
      <SearchInput
        label="Search models"
        value={search.q ?? ""}
        onChange={(q) => onChange({ ...search, q: q || undefined })}
      />
      {providers.length > 1 && (
        <select
          aria-label="Provider"
          value={search.provider ?? ""}
          onChange={(event) => onChange({ ...search, provider: event.target.value || undefined })}
          className="h-8 rounded-md border border-line-strong bg-raised px-2 text-sm"
        >
          <option value="">All providers</option>
          {providers.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      )}
      {ABILITIES.map(({ value, name }) => (
        <button
          key={value}
          type="button"
          aria-pressed={can.includes(value)}
          onClick={() => toggle(value)}
          className={cx(
            "h-7 rounded-md border px-2 text-xs font-medium whitespace-nowrap",
            can.includes(value)
              ? "border-accent bg-accent-soft text-accent"
              : "border-line-strong text-ink-2 hover:text-ink",
          )}
        >
          {name}
        </button>
      ))}
    </div>
  );
}
