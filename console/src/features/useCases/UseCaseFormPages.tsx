import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";

import { presentUseCaseQuery, useAddUseCase, useSaveUseCase } from "@/features/useCases/queries";
import { UseCaseEditor } from "@/features/useCases/UseCaseEditor";
import {
  EMPTY_USE_CASE,
  formForUseCase,
  toNewUseCase,
  toUseCaseChange,
} from "@/features/useCases/useCaseForm";
import { ApiError } from "@/shared/api/client";
import { useForm } from "@/shared/forms/useForm";
import type { UseCase } from "@/shared/releases/queries";
import { useProjectId } from "@/shared/session";
import { ChangedNotice } from "@/shared/ui/ChangedNotice";
import { Page } from "@/shared/ui/Page";
import { QueryContent } from "@/shared/ui/QueryContent";

export function AddUseCasePage() {
  const projectId = useProjectId();
  const navigate = useNavigate();
  const mutation = useAddUseCase(
    ({ name }) =>
      void navigate({ to: "/projects/$projectId/use-cases/$name", params: { projectId, name } }),
  );
  const form = useForm({ initial: EMPTY_USE_CASE, mutation, toInput: toNewUseCase });
  return (
    <UseCaseEditor
      title="Add a use case"
      form={form}
      submitLabel="Add use case"
      isNew
      onCancel={() =>
        void navigate({ to: "/projects/$projectId/use-cases", params: { projectId } })
      }
    />
  );
}

/** Edits a use case. A save fails if somebody has changed it since it was loaded. */
export function EditUseCasePage() {
  const { projectId, name } = useParams({
    from: "/signed-in/projects/$projectId/use-cases/$name/edit",
  });
  const query = useQuery(presentUseCaseQuery(projectId, name));
  if (query.data) {
    const { data: useCase, refetch } = query;
    return <EditUseCase key={useCase.version} useCase={useCase} onReload={() => void refetch()} />;
  }
  return (
    <Page title={`Edit “${name}”`}>
      <QueryContent query={query}>{() => null}</QueryContent>
    </Page>
  );
}

interface EditUseCaseProps {
  useCase: UseCase;
  onReload: () => void;
}

function EditUseCase({ useCase, onReload }: EditUseCaseProps) {
  const projectId = useProjectId();
  const navigate = useNavigate();
  const { name, version } = useCase;
  const leave = () =>
    void navigate({ to: "/projects/$projectId/use-cases/$name", params: { projectId, name } });
  const mutation = useSaveUseCase(name, leave);
  const form = useForm({
    initial: formForUseCase(useCase),
    mutation,
    toInput: (values) => toUseCaseChange(values, version),
  });
  const changed = mutation.error instanceof ApiError && mutation.error.code === "use_case_changed";
  return (
    <UseCaseEditor
      title={`Edit “${name}”`}
      form={changed ? { ...form, error: null } : form}
      notice={changed && <ChangedNotice what="use case" version={version} onReload={onReload} />}
      submitLabel="Save"
      onCancel={leave}
    />
  );
}
