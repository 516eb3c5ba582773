import { Filter, X } from "lucide-react";
import { useState, type ReactNode } from "react";

import type { TargetForm } from "@/features/routes/routeForm";
import type { TargetsContext } from "@/features/routes/TargetsField";
import { formatShare } from "@/shared/format/number";
import { IconButton } from "@/shared/ui/Button";
import { cx } from "@/shared/ui/classes";
import { Combobox } from "@/shared/ui/Combobox";
import { INPUT_CLASSES } from "@/shared/ui/Field";

interface TargetRowProps {
  target: TargetForm;
  /** Its share of the stage; left out where there is none. */
  share?: number;
  /** Whether it is the only one of its stage. */
  alone?: boolean;
  context: TargetsContext;
  children?: ReactNode;
}

/** One target: its model, its weight with the share that it means, and a button that removes it. */
export function TargetRow({ target, share, alone = true, context, children }: TargetRowProps) {
  const { targets, onChange, options } = context;
  const error = context.errorOf(target);
  const change = (part: Partial<TargetForm>) =>
    onChange(targets.map((each) => (each.id === target.id ? { ...each, ...part } : each)));
  const name = target.model || "target";
  const [filtered, setFiltered] = useState(target.when !== "");
  const hasWeight = share !== undefined && !alone;
  return (
    <li>
      <div className={cx("flex items-center gap-2", hasWeight && "max-sm:flex-wrap")}>
        <Combobox
          label="Model"
          className={hasWeight ? "max-sm:basis-full" : ""}
          name="targets"
          value={target.model}
          options={options}
          required
          invalid={error !== undefined}
          placeholder="provider/model"
          render={modelText}
          onChange={(model) => change({ model })}
        />
        {hasWeight && (
          <Weight
            name={name}
            value={target.weight}
            share={context.shares ? share : null}
            onChange={(weight) => change({ weight })}
          />
        )}
        <IconButton
          label={`Use ${name} only for certain calls`}
          aria-expanded={filtered}
          className={target.when === "" ? "" : "text-accent"}
          onClick={() => setFiltered(!filtered)}
        >
          <Filter size={14} />
        </IconButton>
        <IconButton
          label={`Remove ${name}`}
          disabled={targets.length === 1}
          onClick={() => onChange(targets.filter((each) => each.id !== target.id))}
        >
          <X size={14} />
        </IconButton>
      </div>
      {filtered && (
        <input
          aria-label={`Calls that ${name} is for`}
          title="Space between conditions, comma between values. Also min_tokens:…, header.NAME:…"
          placeholder="only for calls with … language:de,fr code:any media:image tag.tier:gold"
          value={target.when}
          onChange={(event) => change({ when: event.target.value })}
          className={cx(INPUT_CLASSES, "mt-1.5 w-full font-mono text-xs")}
        />
      )}
      {children}
      {error && (
        <p role="alert" className="mt-1 text-xs text-danger">
          {error}
        </p>
      )}
    </li>
  );
}

interface WeightProps {
  name: string;
  value: string;
  /** `null` where the strategy looks at something else first. */
  share: number | null;
  onChange: (weight: string) => void;
}

function Weight({ name, value, share, onChange }: WeightProps) {
  return (
    <>
      <span className="flex-1 text-right text-xs text-ink-3 sm:hidden">Weight</span>
      <input
        type="number"
        name="targets"
        aria-label={`Weight of ${name}`}
        title="Weight: the share among the targets of this stage. 0: only if no other is left."
        required
        min={0}
        max={1000}
        step={1}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        className={cx(INPUT_CLASSES, "num w-16! shrink-0 text-right")}
      />
      <span aria-label={`Share of ${name}`} className="num w-14 shrink-0 text-right text-sm">
        {share === null ? "" : Number(value) === 0 ? "reserve" : formatShare(share)}
      </span>
    </>
  );
}

function modelText(option: string): ReactNode {
  const [provider, ...model] = option.split("/");
  return (
    <span title={option}>
      <span className="text-ink-3">{provider}/</span>
      {model.join("/")}
    </span>
  );
}
