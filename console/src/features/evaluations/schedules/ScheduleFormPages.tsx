import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";

import { evaluatorsQuery } from "@/features/evaluations/queries";
import type { EvaluatorKind } from "@/features/evaluations/runForm";
import {
  scheduleQuery,
  useSetSchedule,
  type Schedule,
} from "@/features/evaluations/schedules/queries";
import { ScheduleEditor } from "@/features/evaluations/schedules/ScheduleEditor";
import {
  EMPTY_SCHEDULE,
  formForSchedule,
  keptOf,
  toSchedule,
} from "@/features/evaluations/schedules/scheduleForm";
import { useForm } from "@/shared/forms/useForm";
import { useProjectId } from "@/shared/session";
import { Page } from "@/shared/ui/Page";
import { QueryContent } from "@/shared/ui/QueryContent";

/** Adds a schedule. */
export function AddSchedulePage() {
  const projectId = useProjectId();
  const navigate = useNavigate();
  const open = useOpenSchedule();
  const kinds = useQuery(evaluatorsQuery(projectId)).data ?? [];
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const form = useForm({
    initial: { ...EMPTY_SCHEDULE, time_zone: timeZone },
    mutation: useSetSchedule(({ name }) => open(name)),
    toInput: (values) => ({
      name: values.name,
      body: toSchedule(values, kinds, { enabled: true, user: null }),
    }),
  });
  return (
    <ScheduleEditor
      title="Add a schedule"
      form={form}
      kinds={kinds}
      isNew
      submitLabel="Add schedule"
      onCancel={() =>
        void navigate({
          to: "/projects/$projectId/evaluations",
          params: { projectId },
          search: { view: "schedules" },
        })
      }
    />
  );
}

/** Edits a schedule, which starts runs for times and changes from then on. */
export function EditSchedulePage() {
  const { projectId, name } = useParams({
    from: "/signed-in/projects/$projectId/evaluations/_schedules/$name/edit",
  });
  // Never refetched while the user edits.
  const once = { refetchInterval: false, refetchOnWindowFocus: false } as const;
  const found = useQuery({ ...scheduleQuery(projectId, name), ...once });
  const kinds = useQuery(evaluatorsQuery(projectId));
  if (found.data && kinds.data) return <EditSchedule found={found.data} kinds={kinds.data} />;
  return (
    <Page title={`Edit “${name}”`}>
      <QueryContent query={found}>
        {() => <QueryContent query={kinds}>{() => null}</QueryContent>}
      </QueryContent>
    </Page>
  );
}

function EditSchedule({ found, kinds }: { found: Schedule; kinds: EvaluatorKind[] }) {
  const open = useOpenSchedule();
  const { name } = found;
  const form = useForm({
    initial: formForSchedule(found, kinds),
    mutation: useSetSchedule(() => open(name)),
    toInput: (values) => ({ name, body: toSchedule(values, kinds, keptOf(found)) }),
  });
  return (
    <ScheduleEditor
      title={`Edit “${name}”`}
      form={form}
      kinds={kinds}
      submitLabel="Save"
      onCancel={() => open(name)}
    />
  );
}

function useOpenSchedule() {
  const projectId = useProjectId();
  const navigate = useNavigate();
  return (name: string) =>
    void navigate({
      to: "/projects/$projectId/evaluations/_schedules/$name",
      params: { projectId, name },
    });
}
