import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";

import {
  COMPARISON_PARAMS,
  emptyComparison,
  toNewComparison,
  type ComparisonForm,
} from "@/features/rollouts/comparisonForm";
import { ArmsField } from "@/features/rollouts/ArmsField";
import { GuardsField } from "@/features/rollouts/GuardsField";
import { useStartComparison } from "@/features/rollouts/queries";
import { Form } from "@/shared/forms/Form";
import { useForm, type FormState } from "@/shared/forms/useForm";
import { Admission } from "@/shared/releases/Admission";
import { at, rolloutsQuery, type Rollout } from "@/shared/releases/queries";
import { DetailHeader, DetailPage } from "@/shared/ui/DetailPage";
import { Disclosure } from "@/shared/ui/Disclosure";
import { EmptyState } from "@/shared/ui/EmptyState";
import { SelectField, TextAreaField, TextField } from "@/shared/ui/Field";
import { QueryContent } from "@/shared/ui/QueryContent";
import { SegmentedControl } from "@/shared/ui/SegmentedControl";

const FROM = "/signed-in/projects/$projectId/rollouts/$useCase/$environment/_compare";
const KINDS = [
  { value: "canary", name: "Canary by steps" },
  { value: "shares", name: "Fixed shares (A/B)" },
] as const;

/** Starts a canary, or a comparison of several releases by shares. */
export function ComparePage() {
  const { projectId, useCase, environment } = useParams({ from: FROM });
  const query = useQuery({ ...rolloutsQuery(projectId), refetchInterval: false });
  return (
    <DetailPage list={{ to: "/projects/$projectId/rollouts", name: "Rollouts" }}>
      <DetailHeader title={`Compare releases of ${useCase} in ${environment}`} />
      <QueryContent query={query}>
        {(rollouts) => {
          const rollout = at(rollouts, useCase, environment);
          return rollout ? (
            <CompareForm rollout={rollout} />
          ) : (
            <EmptyState title="No release answers here">
              Start one first: the others are compared with it.
            </EmptyState>
          );
        }}
      </QueryContent>
    </DetailPage>
  );
}

function CompareForm({ rollout }: { rollout: Rollout }) {
  const { projectId, useCase, environment } = useParams({ from: FROM });
  const navigate = useNavigate();
  const leave = () =>
    void navigate({
      to: "/projects/$projectId/rollouts/$useCase/$environment",
      params: { projectId, useCase, environment },
    });
  const [main] = rollout.arms;
  const form = useForm({
    initial: emptyComparison(main ?? { name: "main", release: "" }),
    mutation: useStartComparison({ use_case: useCase, environment }, leave),
    toInput: (values) => toNewComparison(values, rollout.version),
    params: COMPARISON_PARAMS,
  });
  return (
    <div className="max-w-4xl">
      <Form form={form} submitLabel="Start comparison" onCancel={leave}>
        <SegmentedControl
          label="Kind"
          options={KINDS}
          value={form.values.kind}
          onChange={(kind) => form.change({ kind: kind === "shares" ? "shares" : "canary" })}
        />
        <ArmsField form={form} />
        {form.values.arms.slice(1).map(({ id, release }) => (
          <Admission key={id} release={release} use_case={useCase} environment={environment} />
        ))}
        <SplitFields form={form} />
        <GuardsField form={form} />
        <Disclosure title="Testers (optional)" open={form.hasError("testers")}>
          <TextAreaField
            label="Testers"
            {...form.text("testers")}
            placeholder={"ada@example.org candidate"}
            hint="One user, session or request in each line, with the arm that they always meet. They take no part in the comparison."
          />
        </Disclosure>
        <TextField
          label="Reason"
          {...form.text("message")}
          placeholder="Shorter answers"
          maxLength={1000}
        />
      </Form>
    </div>
  );
}

function SplitFields({ form }: { form: FormState<ComparisonForm> }) {
  return (
    <div className="grid gap-3 sm:grid-cols-3">
      <SelectField
        label="Drawn by"
        {...form.text("sticky")}
        hint="It meets the same release each time."
      >
        <option value="user">User</option>
        <option value="session">Session</option>
        <option value="request">Request</option>
      </SelectField>
      {form.values.kind === "canary" && (
        <>
          <TextField
            label="Steps in percent"
            {...form.text("steps")}
            className="num"
            hint="Of the candidate."
            required
          />
          <TextField
            label="Each holds"
            {...form.text("hold_minutes")}
            className="num"
            inputMode="decimal"
            hint="Minutes, at least."
            required
          />
        </>
      )}
    </div>
  );
}
