import { useNavigate } from "@tanstack/react-router";

import { PromptEditor } from "@/features/prompts/PromptEditor";
import { EMPTY_PROMPT } from "@/features/prompts/promptForm";
import { useAddPrompt } from "@/features/prompts/queries";
import { useForm } from "@/shared/forms/useForm";
import { useProjectId } from "@/shared/session";

export function AddPromptPage() {
  const projectId = useProjectId();
  const navigate = useNavigate();
  const mutation = useAddPrompt(
    ({ prompt }) =>
      void navigate({
        to: "/projects/$projectId/prompts/$promptId",
        params: { projectId, promptId: prompt.id },
      }),
  );
  const form = useForm({ initial: EMPTY_PROMPT, mutation, toInput: (values) => values });
  return (
    <PromptEditor
      title="Add a prompt"
      form={form}
      isNew
      submitLabel="Add prompt"
      onCancel={() => void navigate({ to: "/projects/$projectId/prompts", params: { projectId } })}
    />
  );
}
