import type { FormState } from "@/shared/forms/useForm";
import { CheckboxField, TextField } from "@/shared/ui/Field";

interface AnnotatorForm {
  overlap: string;
  annotators: string;
  adjudicator: string;
  shows_suggestions: boolean;
}

/** Who labels the items of a queue, who decides, and what annotators see. */
export function AnnotatorFields({ form }: { form: FormState<AnnotatorForm> }) {
  return (
    <>
      <TextField
        label="Annotators of each item"
        type="number"
        min={1}
        max={10}
        {...form.text("overlap")}
      />
      <TextField
        label="Only these annotators"
        hint="E-mail addresses, separated by commas; empty for all who may annotate"
        {...form.text("annotators")}
      />
      <TextField
        label="Adjudicator"
        hint="E-mail address; empty for all who manage queues"
        {...form.text("adjudicator")}
      />
      <CheckboxField
        label="Annotators see suggestions of models"
        hint="Off: they label without knowing what a model says, which shows how far it can be trusted"
        {...form.checkbox("shows_suggestions")}
      />
    </>
  );
}
