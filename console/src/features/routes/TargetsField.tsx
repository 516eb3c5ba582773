import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";

import { CauseField } from "@/features/routes/CauseField";
import {
  addTarget,
  nextPriority,
  type RouteForm,
  type TargetForm,
} from "@/features/routes/routeForm";
import { StageField } from "@/features/routes/StageField";
import { stageName } from "@/features/routes/stages";
import { strategyOf } from "@/features/routes/strategies";
import { modelsQuery } from "@/shared/exampleCalls";
import { fieldError } from "@/shared/forms/fieldErrors";
import type { FormState } from "@/shared/forms/useForm";
import { useProjectId } from "@/shared/session";
import { Button } from "@/shared/ui/Button";

/** What the rows of targets share. */
export interface TargetsContext {
  targets: readonly TargetForm[];
  onChange: (targets: TargetForm[]) => void;
  /** The models that may be selected. */
  options: readonly string[];
  errorOf: (target: TargetForm) => string | undefined;
  /** Whether weights are shares of the calls. */
  shares: boolean;
}

interface TargetsFieldProps {
  form: FormState<RouteForm>;
  error: unknown;
}

/** The targets: those that go first, fallbacks in their order, and those by cause. */
export function TargetsField({ form, error }: TargetsFieldProps) {
  const context = useTargets(form, error);
  const { targets, onChange } = context;
  const usual = targets.filter((target) => target.after.length === 0);
  const priorities = [...new Set(usual.map(({ priority }) => priority))].sort((a, b) => a - b);
  const ofNoRow = targets.some((target) => context.errorOf(target))
    ? undefined
    : form.errorOf("targets");
  return (
    <fieldset className="flex flex-col gap-4">
      <legend className="mb-1 text-sm font-medium">Targets</legend>
      {priorities.map((priority, index) => (
        <StageField
          key={priority}
          name={stageName(index)}
          priority={priority}
          before={priorities[index - 1]}
          after={priorities[index + 1]}
          context={context}
        />
      ))}
      <CauseField context={context} />
      <div className="flex flex-wrap gap-2">
        <Button onClick={() => onChange(addTarget(targets, nextPriority(targets)))}>
          <Plus size={14} className="text-ink-3" />
          {priorities.length === 0 ? "Add target" : "Add fallback"}
        </Button>
        <Button
          onClick={() => onChange(addTarget(targets, priorities[0] ?? 0, ["context_length"]))}
        >
          <Plus size={14} className="text-ink-3" />
          Add target by cause
        </Button>
      </div>
      {ofNoRow && (
        <p role="alert" className="text-xs text-danger">
          {ofNoRow}
        </p>
      )}
    </fieldset>
  );
}

function useTargets(form: FormState<RouteForm>, error: unknown): TargetsContext {
  const models = useQuery(modelsQuery(useProjectId())).data ?? [];
  const { targets, strategy } = form.values;
  const isShown = form.errorOf("targets") !== undefined;
  return {
    targets,
    onChange: (next) => form.change({ targets: next }),
    options: models.filter((model) => !targets.some((target) => target.model === model)),
    errorOf: (target) =>
      isShown ? fieldError(error, `targets.${targets.indexOf(target)}`) : undefined,
    shares: strategyOf(strategy).shares,
  };
}
