import { useState } from "react";

import { exampleValues, type Content, type PromptForm } from "@/features/prompts/promptForm";
import { useRender } from "@/features/prompts/queries";
import { Badge } from "@/shared/ui/Badge";
import { Button } from "@/shared/ui/Button";
import { ErrorNotice } from "@/shared/ui/ErrorState";
import { TextAreaField } from "@/shared/ui/Field";

interface PreviewProps {
  values: PromptForm;
  partials: Content["partials"];
}

/** Renders the form with example values, by the server and without saving it. */
export function Preview({ values: form, partials }: PreviewProps) {
  const mutation = useRender(partials);
  const [own, setOwn] = useState<string>();
  const values = own ?? exampleValues(form);
  return (
    <aside aria-label="Preview" className="min-w-0 xl:sticky xl:top-4 xl:self-start">
      <h2 className="mb-2 text-sm font-medium">Preview</h2>
      <div className="flex flex-col gap-3">
        <TextAreaField
          label="Values"
          value={values}
          onChange={(event) => setOwn(event.target.value)}
          rows={Math.min(12, values.split("\n").length)}
          spellCheck={false}
          hint="Values of the variables, as JSON."
        />
        <div className="flex gap-2">
          <Button busy={mutation.isPending} onClick={() => mutation.mutate({ form, values })}>
            Render
          </Button>
          {own !== undefined && (
            <Button kind="quiet" onClick={() => setOwn(undefined)}>
              Reset values
            </Button>
          )}
        </div>
        {mutation.isError && <ErrorNotice error={mutation.error} />}
        {mutation.data && <Rendered messages={mutation.data.messages} />}
      </div>
    </aside>
  );
}

function Rendered({ messages }: { messages: Record<string, unknown>[] }) {
  return (
    <ol aria-label="Rendered messages" className="flex flex-col gap-3">
      {messages.map(({ role, content }, index) => (
        <li key={index}>
          <Badge>{String(role)}</Badge>
          <pre className="mt-1 rounded-md bg-sunken p-3 font-sans text-sm break-words whitespace-pre-wrap">
            {typeof content === "string" ? content : JSON.stringify(content, null, 2)}
          </pre>
        </li>
      ))}
    </ol>
  );
}
