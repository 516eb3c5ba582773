import { Trash2 } from "lucide-react";

import { nextId, type EnvironmentForm, type UseCaseForm } from "@/features/useCases/useCaseForm";
import type { FormState } from "@/shared/forms/useForm";
import { roleName } from "@/shared/roles";
import { Button, IconButton } from "@/shared/ui/Button";
import { cx } from "@/shared/ui/classes";
import { INPUT_CLASSES } from "@/shared/ui/Field";

const ROLES = ["editor", "admin", "owner"] as const;
const GRID = cx(
  "grid grid-cols-[minmax(0,1fr)_7rem_6.5rem_1.75rem] items-center gap-2",
  "sm:grid-cols-[10rem_7rem_6.5rem_minmax(0,1fr)_1.75rem]",
);

/** The environments of a use case, each with the role that changes what runs in it. */
export function EnvironmentsField({ form }: { form: FormState<UseCaseForm> }) {
  const { environments } = form.values;
  const error = form.errorOf("environments");
  const set = (next: EnvironmentForm[]) => form.change({ environments: next });
  const change = (id: number, part: Partial<EnvironmentForm>) =>
    set(environments.map((each) => (each.id === id ? { ...each, ...part } : each)));
  return (
    <section aria-label="Environments">
      <h2 className="mb-1 text-sm font-medium">Environments</h2>
      <div aria-hidden className={cx(GRID, "mb-1 text-xs text-ink-3")}>
        <span>Name</span>
        <span>Changed by</span>
        <span />
        <span
          className="max-sm:hidden"
          title="Kinds of evidence that a release needs to start here"
        >
          Needs evidence
        </span>
      </div>
      <ul className="flex flex-col gap-2">
        {environments.map((environment) => (
          <EnvironmentRow
            key={environment.id}
            environment={environment}
            onChange={(part) => change(environment.id, part)}
            onRemove={() => set(environments.filter(({ id }) => id !== environment.id))}
          />
        ))}
      </ul>
      {error && (
        <p role="alert" className="mt-1 text-xs text-danger">
          {error}
        </p>
      )}
      <Button
        className="mt-2"
        onClick={() =>
          set([
            ...environments,
            { id: nextId(environments), name: "", role: "editor", protected: false, evidence: "" },
          ])
        }
      >
        Add environment
      </Button>
    </section>
  );
}

interface EnvironmentRowProps {
  environment: EnvironmentForm;
  onChange: (part: Partial<EnvironmentForm>) => void;
  onRemove: () => void;
}

function EnvironmentRow({ environment, onChange, onRemove }: EnvironmentRowProps) {
  const name = environment.name || "the environment";
  return (
    <li className={GRID}>
      <input
        aria-label="Name of the environment"
        placeholder="test"
        value={environment.name}
        onChange={(event) => onChange({ name: event.target.value })}
        className={cx(INPUT_CLASSES, "font-mono text-xs")}
      />
      <select
        aria-label={`Role that changes ${name}`}
        value={environment.role}
        onChange={(event) =>
          onChange({ role: ROLES.find((role) => role === event.target.value) ?? "editor" })
        }
        className={INPUT_CLASSES}
      >
        {ROLES.map((role) => (
          <option key={role} value={role}>
            {roleName(role)}
          </option>
        ))}
      </select>
      <label className="flex items-center gap-2 text-sm">
        <input
          type="checkbox"
          aria-label={`${name} is protected`}
          className="size-4 accent-[var(--accent)]"
          checked={environment.protected}
          onChange={(event) => onChange({ protected: event.target.checked })}
        />
        Protected
      </label>
      <input
        aria-label={`Evidence that ${name} needs`}
        placeholder="evaluation, red-team"
        value={environment.evidence}
        onChange={(event) => onChange({ evidence: event.target.value })}
        className={cx(INPUT_CLASSES, "max-sm:order-last max-sm:col-span-4")}
      />
      <IconButton label={`Remove ${name}`} onClick={onRemove}>
        <Trash2 size={14} />
      </IconButton>
    </li>
  );
}
