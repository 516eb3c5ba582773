import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";

import { DatasetField } from "@/features/evaluations/DatasetField";
import { EvaluatorsField } from "@/features/evaluations/EvaluatorsField";
import { Forecast } from "@/features/evaluations/Forecast";
import { evaluatorsQuery, useStartRun } from "@/features/evaluations/queries";
import {
  EMPTY_RUN,
  fromEvaluators,
  toNewRun,
  type ChosenEvaluator,
  type EvaluatorKind,
} from "@/features/evaluations/runForm";
import { CallFields, KeyField } from "@/features/evaluations/RunFields";
import { TargetField } from "@/features/evaluations/TargetField";
import { queueJudgeQuery } from "@/shared/annotation/queries";
import { Form } from "@/shared/forms/Form";
import { useForm } from "@/shared/forms/useForm";
import { useProjectId } from "@/shared/session";
import { Disclosure } from "@/shared/ui/Disclosure";
import { TextField } from "@/shared/ui/Field";
import { Page } from "@/shared/ui/Page";
import { SkeletonRows } from "@/shared/ui/Skeleton";

const FROM = "/signed-in/projects/$projectId/evaluations/_new";

/** Starts an evaluation run. */
export function StartRunPage() {
  return (
    <Page title="Start a run">
      <Started />
    </Page>
  );
}

/** The form, with the judge of a queue if the address names one. */
function Started() {
  const projectId = useProjectId();
  const { queue = "", judge = "", item = "" } = useSearch({ from: FROM });
  const kinds = useQuery(evaluatorsQuery(projectId));
  const made = useQuery(queueJudgeQuery(projectId, queue, judge, item));
  if (!kinds.data || made.isLoading) return <SkeletonRows rows={6} />;
  const evaluators = fromEvaluators(made.data ? [made.data] : [], kinds.data);
  return <StartRunForm kinds={kinds.data} evaluators={evaluators} />;
}

interface StartRunFormProps {
  kinds: readonly EvaluatorKind[];
  evaluators: readonly ChosenEvaluator[];
}

function StartRunForm({ kinds, evaluators }: StartRunFormProps) {
  const projectId = useProjectId();
  const navigate = useNavigate();
  const { dataset = "", release = "" } = useSearch({ from: FROM });
  const mutation = useStartRun(
    ({ id }) =>
      void navigate({
        to: "/projects/$projectId/evaluations/$run",
        params: { projectId, run: id },
      }),
  );
  const form = useForm({
    initial: { ...EMPTY_RUN, dataset, release, evaluators },
    mutation,
    toInput: (values) => toNewRun(values, kinds),
  });
  const { values } = form;
  return (
    <div className="max-w-2xl">
      <Form
        form={form}
        submitLabel="Start run"
        onCancel={() =>
          void navigate({ to: "/projects/$projectId/evaluations", params: { projectId } })
        }
      >
        <DatasetField form={form} />
        <TargetField form={form} />
        <EvaluatorsField
          kinds={kinds}
          value={values.evaluators}
          onChange={(evaluators) => form.change({ evaluators })}
          error={form.errorOf("evaluators")}
          noneHint="Without evaluators the run only calls the target."
        />
        <KeyField form={form} />
        <CallFields form={form} />
        <TextField
          label="What the run is for"
          {...form.text("label")}
          placeholder="Prompt v14"
          maxLength={200}
        />
        <Disclosure title="Further settings" open={form.hasError("baseline_run")}>
          <TextField
            label="Baseline run"
            {...form.text("baseline_run")}
            hint="The id of a run whose answers pairwise judges compare with."
          />
        </Disclosure>
        <Forecast form={values} />
      </Form>
    </div>
  );
}
