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
import { useForm } from "@/shared/forms/useForm";
import { useProjectId } from "@/shared/session";
import { Page } from "@/shared/ui/Page";
import { QueryContent } from "@/shared/ui/QueryContent";

/** Adds an online evaluation. */
export function AddOnlinePage() {
  const projectId = useProjectId();
  const navigate = useNavigate();
  const open = useOpenOnline();
  const kinds = useQuery(evaluatorsQuery(projectId)).data ?? [];
  const form = useForm({
    initial: EMPTY_ONLINE,
    mutation: useSetOnline(({ name }) => open(name)),
    toInput: (values) => ({ name: values.name, body: toOnline(values, kinds, true) }),
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
  if (found.data && kinds.data) return <EditOnline found={found.data} kinds={kinds.data} />;
  return (
    <Page title={`Edit “${name}”`}>
      <QueryContent query={found}>
        {() => <QueryContent query={kinds}>{() => null}</QueryContent>}
      </QueryContent>
    </Page>
  );
}

function EditOnline({ found, kinds }: { found: OnlineEvaluation; kinds: EvaluatorKind[] }) {
  const open = useOpenOnline();
  const { name, enabled } = found;
  const form = useForm({
    initial: formForOnline(found, kinds),
    mutation: useSetOnline(() => open(name)),
    toInput: (values) => ({ name, body: toOnline(values, kinds, enabled) }),
  });
  return (
    <OnlineEditor
      title={`Edit “${name}”`}
      form={form}
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
