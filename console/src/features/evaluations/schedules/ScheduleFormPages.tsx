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
import { ApiError } from "@/shared/api/client";
import { useForm } from "@/shared/forms/useForm";
import { useProjectId } from "@/shared/session";
import { ChangedNotice } from "@/shared/ui/ChangedNotice";
import { Page } from "@/shared/ui/Page";
import { QueryContent } from "@/shared/ui/QueryContent";

const NEW = { enabled: true, user: null, revision: "" } as const;

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
      body: toSchedule(values, kinds, NEW),
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
  if (found.data && kinds.data) {
    const { data, refetch } = found;
    const reload = () => void refetch();
    return <EditSchedule key={data.revision} found={data} kinds={kinds.data} onReload={reload} />;
  }
  return (
    <Page title={`Edit “${name}”`}>
      <QueryContent query={found}>
        {() => <QueryContent query={kinds}>{() => null}</QueryContent>}
      </QueryContent>
    </Page>
  );
}

interface EditScheduleProps {
  found: Schedule;
  kinds: EvaluatorKind[];
  onReload: () => void;
}

function EditSchedule({ found, kinds, onReload }: EditScheduleProps) {
  const open = useOpenSchedule();
  const { name } = found;
  const mutation = useSetSchedule(() => open(name));
  const form = useForm({
    initial: formForSchedule(found, kinds),
    mutation,
    toInput: (values) => ({ name, body: toSchedule(values, kinds, keptOf(found)) }),
  });
  const { error, reset } = mutation;
  const reload = () => {
    reset(); // what is loaded may be what the edit began with
    onReload();
  };
  const changed = error instanceof ApiError && error.code === "evaluation_schedule_changed";
  return (
    <ScheduleEditor
      title={`Edit “${name}”`}
      form={changed ? { ...form, error: null } : form}
      notice={changed && <ChangedNotice what="schedule" detail={error.message} onReload={reload} />}
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
