import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";

import { OnlineEditor } from "@/features/evaluations/online/OnlineEditor";
import { EMPTY_ONLINE, formForOnline, toOnline } from "@/features/evaluations/online/onlineForm";
import {
  onlineQuery,
  useSetOnline,
  type OnlineEvaluation,
} from "@/features/evaluations/online/queries";
import { evaluatorsQuery } from "@/features/evaluations/queries";
import type { EvaluatorKind } from "@/features/evaluations/runForm";
import { ApiError } from "@/shared/api/client";
import { useForm } from "@/shared/forms/useForm";
import { useProjectId } from "@/shared/session";
import { ChangedNotice } from "@/shared/ui/ChangedNotice";
import { Page } from "@/shared/ui/Page";
import { QueryContent } from "@/shared/ui/QueryContent";

const NEW = { enabled: true, version: 0 } as const;

/** Adds an online evaluation. */
export function AddOnlinePage() {
  const projectId = useProjectId();
  const navigate = useNavigate();
  const open = useOpenOnline();
  const kinds = useQuery(evaluatorsQuery(projectId)).data ?? [];
  const form = useForm({
    initial: EMPTY_ONLINE,
    mutation: useSetOnline(({ name }) => open(name)),
    toInput: (values) => ({ name: values.name, body: toOnline(values, kinds, NEW) }),
  });
  return (
    <OnlineEditor
      title="Evaluate live traffic"
      form={form}
      kinds={kinds}
      isNew
      submitLabel="Start"
      onCancel={() =>
        void navigate({
          to: "/projects/$projectId/evaluations",
          params: { projectId },
          search: { view: "online" },
        })
      }
    />
  );
}

/** Edits an online evaluation, which goes on where it is. */
export function EditOnlinePage() {
  const { projectId, name } = useParams({
    from: "/signed-in/projects/$projectId/evaluations/_online/$name/edit",
  });
  // Never refetched while the user edits.
  const once = { refetchInterval: false, refetchOnWindowFocus: false } as const;
  const found = useQuery({ ...onlineQuery(projectId, name), ...once });
  const kinds = useQuery(evaluatorsQuery(projectId));
  if (found.data && kinds.data) {
    const { data, refetch } = found;
    const reload = () => void refetch();
    return <EditOnline key={data.version} found={data} kinds={kinds.data} onReload={reload} />;
  }
  return (
    <Page title={`Edit “${name}”`}>
      <QueryContent query={found}>
        {() => <QueryContent query={kinds}>{() => null}</QueryContent>}
      </QueryContent>
    </Page>
  );
}

interface EditOnlineProps {
  found: OnlineEvaluation;
  kinds: EvaluatorKind[];
  onReload: () => void;
}

function EditOnline({ found, kinds, onReload }: EditOnlineProps) {
  const open = useOpenOnline();
  const { name, version } = found;
  const mutation = useSetOnline(() => open(name));
  const form = useForm({
    initial: formForOnline(found, kinds),
    mutation,
    toInput: (values) => ({ name, body: toOnline(values, kinds, found) }),
  });
  const { error } = mutation;
  const changed = error instanceof ApiError && error.code === "online_evaluation_changed";
  return (
    <OnlineEditor
      title={`Edit “${name}”`}
      form={changed ? { ...form, error: null } : form}
      notice={
        changed && (
          <ChangedNotice
            what="online evaluation"
            version={version}
            detail={error.message}
            onReload={onReload}
          />
        )
      }
      kinds={kinds}
      submitLabel="Save"
      onCancel={() => open(name)}
    />
  );
}

function useOpenOnline() {
  const projectId = useProjectId();
  const navigate = useNavigate();
  return (name: string) =>
    void navigate({
      to: "/projects/$projectId/evaluations/_online/$name",
      params: { projectId, name },
    });
}
