import { useQuery } from "@tanstack/react-query";

import { KeyField } from "@/features/playground/KeyField";
import { EXTRAS, hasExtra, withChoice, withExtra } from "@/features/playground/request/bodyEdits";
import { FileField } from "@/features/playground/request/FileField";
import { parseBody, write } from "@/features/playground/request/json";
import { type Surface, SURFACES } from "@/features/playground/request/surfaces";
import { routesQuery } from "@/shared/calls/routes";
import { modelsQuery } from "@/shared/exampleCalls";
import { useCasesQuery } from "@/shared/releases/queries";
import { useProjectId } from "@/shared/session";
import { Combobox } from "@/shared/ui/Combobox";
import { CheckboxField, SelectField, TextAreaField } from "@/shared/ui/Field";

/** What is sent: `texts` are the bodies as typed, by surface. */
export interface RequestDraft {
  surface: Surface;
  model: string;
  stream: boolean;
  keyId: string;
  texts: Record<string, string>;
  /** The file, for surfaces that send one. */
  file?: File | undefined;
}

/** The body as typed; the example of the surface before that. */
export function bodyText({ surface, model, stream, texts }: RequestDraft): string {
  return texts[surface.id] ?? write(withChoice(surface, surface.example, model, stream));
}

interface RequestFormProps {
  draft: RequestDraft;
  onChange: (draft: RequestDraft) => void;
}

/** Surface, model, key, the parts of the example, and the body as JSON. */
export function RequestForm({ draft, onChange }: RequestFormProps) {
  const { surface, model, stream } = draft;
  const text = bodyText(draft);
  const body = parseBody(text);
  const extras = EXTRAS.filter(({ id }) => surface[id]);
  const withText = (changed: RequestDraft, next: string) =>
    onChange({ ...changed, texts: { ...changed.texts, [changed.surface.id]: next } });
  const choose = (part: Partial<RequestDraft>) => {
    const changed = { ...draft, ...part };
    const known = parseBody(bodyText(changed));
    if (known instanceof Error) onChange(changed);
    else
      withText(changed, write(withChoice(changed.surface, known, changed.model, changed.stream)));
  };
  return (
    <div className="flex min-w-0 flex-col gap-4">
      <SelectField
        label="Surface"
        value={surface.id}
        onChange={({ target }) =>
          choose({ surface: SURFACES.find(({ id }) => id === target.value) ?? surface })
        }
      >
        {SURFACES.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </SelectField>
      <ModelField model={model} onChange={(next) => choose({ model: next })} />
      <KeyField keyId={draft.keyId} onChange={(keyId) => onChange({ ...draft, keyId })} />
      {(surface.streams || extras.length > 0) && (
        <fieldset className="flex flex-wrap gap-x-5 gap-y-2">
          <legend className="sr-only">Parts of the request</legend>
          {surface.streams && (
            <CheckboxField
              label="Stream"
              checked={stream}
              onChange={(next) => choose({ stream: next })}
            />
          )}
          {extras.map(({ id, name }) => (
            <CheckboxField
              key={id}
              label={name}
              disabled={body instanceof Error}
              checked={!(body instanceof Error) && hasExtra(surface, body, id)}
              onChange={(wanted) => {
                if (body instanceof Error) return;
                withText(draft, write(withExtra(surface, body, id, wanted)));
              }}
            />
          ))}
        </fieldset>
      )}
      {surface.file && (
        <FileField
          {...surface.file}
          file={draft.file}
          onChange={(file) => onChange({ ...draft, file })}
        />
      )}
      <TextAreaField
        label="Body"
        hint={surface.file && "Its members are the fields of the form, beside the file."}
        value={text}
        rows={surface.file ? 8 : 18}
        spellCheck={false}
        error={body instanceof Error ? body.message : undefined}
        onChange={({ target }) => withText(draft, target.value)}
      />
    </div>
  );
}

interface ModelFieldProps {
  model: string;
  onChange: (model: string) => void;
}

function ModelField({ model, onChange }: ModelFieldProps) {
  const projectId = useProjectId();
  const models = useQuery(modelsQuery(projectId)).data ?? [];
  const routes = useQuery(routesQuery(projectId)).data ?? [];
  const useCases = useQuery(useCasesQuery(projectId)).data ?? [];
  const named = [...routes, ...useCases].map(({ name }) => name);
  return (
    <div className="flex flex-col gap-1">
      <span className="text-sm font-medium" aria-hidden>
        Model, route or use case
      </span>
      <Combobox
        label="Model, route or use case"
        name="model"
        value={model}
        options={[...new Set([...named, ...models])]}
        onChange={onChange}
      />
    </div>
  );
}
