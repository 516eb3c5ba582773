import { useQuery } from "@tanstack/react-query";

import { TARGET_KINDS, type RunForm, type TargetKind } from "@/features/evaluations/runForm";
import { routesQuery } from "@/shared/calls/routes";
import { modelsQuery } from "@/shared/exampleCalls";
import type { FormState } from "@/shared/forms/useForm";
import { promptVersionsQuery, promptChoicesQuery } from "@/shared/prompts/queries";
import { recentReleasesQuery } from "@/shared/releases/queries";
import { ReleasePicker } from "@/shared/releases/ReleasePicker";
import { useProjectId } from "@/shared/session";
import { Combobox } from "@/shared/ui/Combobox";
import { SelectInput, TextField } from "@/shared/ui/Field";
import { SegmentedControl } from "@/shared/ui/SegmentedControl";
import { useState } from "react";

/** What a run measures: a release, a model with or without a prompt, or recorded outputs. */
export function TargetField({ form }: { form: FormState<RunForm> }) {
  const { target } = form.values;
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1 text-sm font-medium">Target</legend>
      <SegmentedControl
        label="Kind of target"
        options={TARGET_KINDS}
        value={target}
        onChange={(next) => form.change({ target: next as TargetKind })}
      />
      {target === "release" && <ReleaseField form={form} />}
      {target === "model" && <ModelFields form={form} />}
      {target === "recorded" && (
        <TextField
          label="Member of the items' metadata that has the outputs"
          {...form.text("output_field")}
          hint="Upload a file of outputs with: penstock eval run DATASET --outputs FILE"
          required
        />
      )}
    </fieldset>
  );
}

export function ReleaseField({ form }: { form: FormState<Pick<RunForm, "release">> }) {
  const releases = useQuery(recentReleasesQuery(useProjectId())).data ?? [];
  return (
    <ReleasePicker
      label="Release"
      releases={releases}
      value={form.values.release}
      onChange={(release) => form.change({ release })}
      error={form.errorOf("release")}
    />
  );
}

function ModelFields({ form }: { form: FormState<RunForm> }) {
  return (
    <>
      <ModelField form={form} />
      <PromptField value={form.values.prompt} onChange={(prompt) => form.change({ prompt })} />
    </>
  );
}

export function ModelField({ form }: { form: FormState<Pick<RunForm, "model">> }) {
  const projectId = useProjectId();
  const models = useQuery(modelsQuery(projectId)).data ?? [];
  const routes = useQuery(routesQuery(projectId)).data ?? [];
  return (
    <>
      <Combobox
        label="Model or route"
        name="model"
        value={form.values.model}
        options={[...routes.map(({ name }) => name), ...models]}
        placeholder="Model or route"
        required
        invalid={form.errorOf("model") !== undefined}
        onChange={(model) => form.change({ model })}
      />
      {form.errorOf("model") && <p className="text-xs text-danger">{form.errorOf("model")}</p>}
    </>
  );
}

interface PromptFieldProps {
  /** The hash of a version. */
  value: string;
  onChange: (digest: string) => void;
}

function PromptField({ value, onChange }: PromptFieldProps) {
  const projectId = useProjectId();
  const [promptId, setPromptId] = useState("");
  const prompts = useQuery(promptChoicesQuery(projectId)).data ?? [];
  const versions = useQuery(promptVersionsQuery(projectId, promptId)).data ?? [];
  return (
    <div className="flex flex-wrap gap-2">
      <SelectInput
        label="Prompt"
        value={promptId}
        options={[
          { value: "", name: "Without a prompt" },
          ...prompts.map(({ id, name }) => ({ value: id, name })),
        ]}
        onChange={(id) => {
          setPromptId(id);
          onChange("");
        }}
      />
      {promptId && (
        <SelectInput
          label="Version"
          value={value}
          options={[
            { value: "", name: "Version …" },
            ...versions.map(({ digest, number, message }) => ({
              value: digest,
              name: [`${number}`, message].filter(Boolean).join(" – "),
            })),
          ]}
          onChange={onChange}
        />
      )}
    </div>
  );
}
