import { useQuery } from "@tanstack/react-query";
import { Trash2 } from "lucide-react";

import type { ArmForm, ComparisonForm } from "@/features/rollouts/comparisonForm";
import type { FormState } from "@/shared/forms/useForm";
import { armColour } from "@/shared/releases/arms";
import { recentReleasesQuery, type Release } from "@/shared/releases/queries";
import { ReleasePicker } from "@/shared/releases/ReleasePicker";
import { useProjectId } from "@/shared/session";
import { Button, IconButton } from "@/shared/ui/Button";
import { cx } from "@/shared/ui/classes";
import { INPUT_CLASSES } from "@/shared/ui/Field";

const MAX_ARMS = 10;

/** The releases that are compared; the first one is the baseline. */
export function ArmsField({ form }: { form: FormState<ComparisonForm> }) {
  const releases = useQuery(recentReleasesQuery(useProjectId())).data ?? [];
  const { arms, kind } = form.values;
  const shown = kind === "canary" ? arms.slice(0, 2) : arms;
  const error = form.errorOf("arms");
  const set = (next: ArmForm[]) => form.change({ arms: next });
  const add = () => {
    const id = Math.max(...arms.map((arm) => arm.id)) + 1;
    set([...arms, { id, release: "", name: `candidate-${id}`, percent: "" }]);
  };
  return (
    <section aria-label="Releases">
      <h2 className="mb-2 text-sm font-medium">Releases</h2>
      <ul className="flex flex-col gap-3">
        {shown.map((arm, index) => (
          <ArmRow
            key={arm.id}
            arm={arm}
            index={index}
            fixed={kind === "canary" && index === 0}
            withShare={kind === "shares"}
            releases={releases.filter(({ model }) => model)}
            onChange={(part) =>
              set(arms.map((each) => (each.id === arm.id ? { ...each, ...part } : each)))
            }
            {...(index > 1 && { onRemove: () => set(arms.filter(({ id }) => id !== arm.id)) })}
          />
        ))}
      </ul>
      {error && (
        <p role="alert" className="mt-1 text-xs text-danger">
          {error}
        </p>
      )}
      {kind === "shares" && arms.length < MAX_ARMS && (
        <Button className="mt-2" onClick={add}>
          Add release
        </Button>
      )}
    </section>
  );
}

interface ArmRowProps {
  arm: ArmForm;
  index: number;
  /** Whether it is the release that answers now, which a canary keeps. */
  fixed: boolean;
  withShare: boolean;
  releases: readonly Release[];
  onChange: (part: Partial<ArmForm>) => void;
  onRemove?: () => void;
}

function ArmRow({ arm, index, fixed, withShare, releases, onChange, onRemove }: ArmRowProps) {
  const label = index === 0 ? "Baseline" : `Candidate${index > 1 ? ` ${index}` : ""}`;
  return (
    <li className="flex flex-wrap items-end gap-2">
      <span
        className="mb-2.5 size-2 rounded-xs"
        style={{ background: `var(${armColour(index)})` }}
      />
      <div className={cx("min-w-52 flex-1", fixed && "pointer-events-none opacity-60")}>
        <ReleasePicker
          label={label}
          releases={releases}
          value={arm.release}
          onChange={(release) => onChange({ release })}
        />
      </div>
      <label className="flex flex-col gap-1 text-xs text-ink-3">
        Name
        <input
          aria-label={`Name of ${label.toLowerCase()}`}
          value={arm.name}
          disabled={fixed}
          onChange={(event) => onChange({ name: event.target.value })}
          className={cx(INPUT_CLASSES, "max-w-36 font-mono text-xs")}
        />
      </label>
      {withShare && (
        <label className="flex flex-col gap-1 text-xs text-ink-3">
          Percent
          <input
            aria-label={`Share of ${label.toLowerCase()} in percent`}
            inputMode="decimal"
            value={arm.percent}
            onChange={(event) => onChange({ percent: event.target.value })}
            className={cx(INPUT_CLASSES, "num max-w-20 text-right")}
          />
        </label>
      )}
      {onRemove && (
        <IconButton label={`Remove ${label.toLowerCase()}`} className="mb-0.5" onClick={onRemove}>
          <Trash2 size={14} />
        </IconButton>
      )}
    </li>
  );
}
