import type { Vendor } from "@/features/providers/vendors";
import { cx } from "@/shared/ui/classes";

interface VendorPickerProps {
  vendors: readonly Vendor[];
  selected: Vendor;
  onSelect: (vendor: Vendor) => void;
}

/** Selects a vendor, which fills in the rest of the form. */
export function VendorPicker({ vendors, selected, onSelect }: VendorPickerProps) {
  return (
    <div role="radiogroup" aria-label="Provider" className="flex flex-wrap gap-1.5">
      {vendors.map((vendor) => (
        <button
          key={vendor.name}
          type="button"
          role="radio"
          aria-checked={vendor.name === selected.name}
          onClick={() => onSelect(vendor)}
          className={cx(
            "h-7 rounded-md border px-2.5 text-sm",
            vendor.name === selected.name
              ? "border-accent bg-accent-soft font-medium text-accent"
              : "border-line text-ink-2 hover:border-line-strong hover:text-ink",
          )}
        >
          {vendor.label}
        </button>
      ))}
    </div>
  );
}
