import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";

import { useCreateRelease, type NewRelease } from "@/features/releases/queries";
import { routesQuery } from "@/shared/calls/routes";
import { modelsQuery } from "@/shared/exampleCalls";
import { Form } from "@/shared/forms/Form";
import { useForm } from "@/shared/forms/useForm";
import { promptChoicesQuery } from "@/shared/prompts/queries";
import { useProjectId } from "@/shared/session";
import { Combobox } from "@/shared/ui/Combobox";
import { SelectField, TextAreaField, TextField } from "@/shared/ui/Field";
import { Page } from "@/shared/ui/Page";

const FROM = "/signed-in/projects/$projectId/releases/_new";

/** Makes a release of a prompt's version, a model and parameters. */
export function NewReleasePage() {
  return (
    <Page title="Make a release">
      <NewReleaseForm />
    </Page>
  );
}

interface ReleaseForm {
  model: string;
  /** The id of the prompt; empty: none. */
  prompt: string;
  version: string;
  parameters: string;
  message: string;
}

function NewReleaseForm() {
  const projectId = useProjectId();
  const navigate = useNavigate();
  const { prompt = "", version = "latest" } = useSearch({ from: FROM });
  const prompts = useQuery(promptChoicesQuery(projectId)).data ?? [];
  const models = useQuery(modelsQuery(projectId)).data ?? [];
  const routes = useQuery(routesQuery(projectId)).data ?? [];
  const mutation = useCreateRelease(
    ({ digest }) =>
      void navigate({
        to: "/projects/$projectId/releases/$release",
        params: { projectId, release: digest },
      }),
  );
  const form = useForm({
    initial: { model: "", prompt, version, parameters: "", message: "" },
    mutation,
    toInput: toNewRelease,
  });
  return (
    <div className="max-w-2xl">
      <Form
        form={form}
        submitLabel="Make release"
        onCancel={() =>
          void navigate({ to: "/projects/$projectId/releases", params: { projectId } })
        }
      >
        <div className="flex flex-col gap-1">
          <span className="text-sm font-medium">Model or route</span>
          <Combobox
            label="Model or route"
            name="model"
            value={form.values.model}
            options={[...routes.map(({ name }) => name), ...models]}
            required
            invalid={form.errorOf("model") !== undefined}
            onChange={(model) => form.change({ model })}
          />
          {form.errorOf("model") && <p className="text-xs text-danger">{form.errorOf("model")}</p>}
        </div>
        <div className="grid gap-3 sm:grid-cols-[minmax(0,1fr)_10rem]">
          <SelectField
            label="Prompt"
            {...form.text("prompt")}
            hint="Its tools, schema and parameters apply where the release has none of its own."
          >
            <option value="">None</option>
            {prompts.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </SelectField>
          <TextField
            label="Version"
            {...form.text("version")}
            hint="A number, a label, or latest."
            disabled={!form.values.prompt}
          />
        </div>
        <TextAreaField
          label="Parameters"
          {...form.text("parameters")}
          placeholder='{"temperature": 0.2, "max_tokens": 400}'
          hint="JSON, by the names of OpenAI's chat API."
          spellCheck={false}
          onChange={(event) => {
            const isValid = parseParameters(event.target.value) !== null;
            event.target.setCustomValidity(isValid ? "" : "Parameters are a JSON object.");
            form.change({ parameters: event.target.value });
          }}
        />
        <TextField
          label="What changed"
          {...form.text("message")}
          placeholder="Shorter answers"
          maxLength={1000}
        />
      </Form>
    </div>
  );
}

function toNewRelease({ prompt, parameters, ...rest }: ReleaseForm): NewRelease {
  return { ...rest, prompt_id: prompt, parameters: parseParameters(parameters) ?? {} };
}

/** The JSON object that a text says; empty text is an empty one, another text `null`. */
function parseParameters(text: string): Record<string, unknown> | null {
  if (!text.trim()) return {};
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
