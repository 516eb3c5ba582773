import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";

import { ConflictNotice } from "@/features/prompts/ConflictNotice";
import { PromptEditor } from "@/features/prompts/PromptEditor";
import { formForContent } from "@/features/prompts/promptForm";
import { promptQuery, useSaveVersion, versionQuery, type Prompt } from "@/features/prompts/queries";
import { ApiError, type Schemas } from "@/shared/api/client";
import { useForm } from "@/shared/forms/useForm";
import { Page } from "@/shared/ui/Page";
import { QueryContent } from "@/shared/ui/QueryContent";

const FROM = "/signed-in/projects/$projectId/prompts/$promptId/edit";

/** Edits a version of a prompt. A save fails if somebody has saved another one meanwhile. */
export function EditPromptPage() {
  const { projectId, promptId } = useParams({ from: FROM });
  const { version = "latest" } = useSearch({ from: FROM });
  // Never refetched while the user edits: the version that they saw is the parent of their own.
  const options = { refetchOnWindowFocus: false, refetchOnReconnect: false };
  const prompt = useQuery({ ...promptQuery(projectId, promptId), ...options });
  const base = useQuery({ ...versionQuery(projectId, promptId, String(version)), ...options });
  if (prompt.data && base.data && !base.isPlaceholderData) {
    return <EditPrompt key={base.data.digest} prompt={prompt.data} base={base.data} />;
  }
  return (
    <Page title="Edit a prompt">
      <QueryContent query={base}>{() => null}</QueryContent>
    </Page>
  );
}

interface EditPromptProps {
  prompt: Prompt;
  /** The version whose content the user edits. */
  base: Schemas["FullVersionView"];
}

function EditPrompt({ prompt, base }: EditPromptProps) {
  const { projectId, promptId } = useParams({ from: FROM });
  const navigate = useNavigate();
  const show = (search: { version?: number }) =>
    void navigate({
      to: "/projects/$projectId/prompts/$promptId",
      params: { projectId, promptId },
      search,
    });
  const { partials } = base.content;
  const mutation = useSaveVersion(
    { prompt_id: promptId, parent: prompt.digest, partials },
    ({ version }) => show({ version: version.number }),
  );
  const form = useForm({
    initial: formForContent(prompt.name, base.content),
    mutation,
    toInput: (values) => values,
  });
  const { error } = mutation;
  const conflict = error instanceof ApiError && error.code === "prompt_changed" ? error : null;
  return (
    <PromptEditor
      title={prompt.name}
      form={conflict ? { ...form, error: null } : form}
      partials={partials}
      notice={conflict && <ConflictNotice error={conflict} seen={prompt.latest} />}
      submitLabel={`Save as version ${prompt.latest + 1}`}
      onCancel={() => show(base.number === prompt.latest ? {} : { version: base.number })}
    />
  );
}
