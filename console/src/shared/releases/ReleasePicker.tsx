import { shortHash } from "@/shared/releases/arms";
import type { Release } from "@/shared/releases/queries";
import { Combobox } from "@/shared/ui/Combobox";

interface ReleasePickerProps {
  label: string;
  releases: readonly Release[];
  /** The hash of the release. */
  value: string;
  onChange: (digest: string) => void;
  error?: string | undefined;
}

/** Chooses a release by the words of its message, model or hash. */
export function ReleasePicker({ label, releases, value, onChange, error }: ReleasePickerProps) {
  const chosen = releases.find(({ digest }) => digest === value);
  const texts = new Map(releases.map((release) => [textOf(release), release.digest]));
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <span className="text-sm font-medium">{label}</span>
      <Combobox
        label={label}
        name="release"
        value={chosen ? textOf(chosen) : value}
        options={[...texts.keys()]}
        onChange={(text) => onChange(texts.get(text) ?? text)}
        placeholder="Message, model or hash"
        invalid={error !== undefined}
        required
      />
      {error && <p className="text-xs text-danger">{error}</p>}
    </div>
  );
}

function textOf({ digest, message, model }: Release): string {
  return [shortHash(digest), message, model || "chain"].filter(Boolean).join(" · ");
}
