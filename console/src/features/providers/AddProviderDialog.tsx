import { useState } from "react";

import { CheckResult } from "@/features/providers/CheckResult";
import { draftOf, FIELDS, wishOf, type Draft } from "@/features/providers/draft";
import { PresetChoice } from "@/features/providers/PresetChoice";
import { OTHER, PRESETS, type Preset } from "@/features/providers/presets";
import { ProviderFields } from "@/features/providers/ProviderFields";
import { useAddProvider, useTestProvider } from "@/features/providers/queries";
import { faultOf, isElsewhere } from "@/shared/api/faults";
import { Button } from "@/shared/ui/Button";
import { Dialog, DialogActions } from "@/shared/ui/Dialog";
import { ErrorText } from "@/shared/ui/ErrorState";
import { Field } from "@/shared/ui/Field";
import { Notice } from "@/shared/ui/Notice";

export function AddProviderDialog({ onClose }: { onClose: () => void }) {
  const add = useAddProvider();
  const [preset, setPreset] = useState<Preset>(PRESETS[0] ?? OTHER);
  const [draft, setDraft] = useState<Draft>(draftOf(preset));
  const choose = (chosen: Preset) => {
    setPreset(chosen);
    setDraft({ ...draftOf(chosen), apiKey: draft.apiKey });
    add.reset();
  };
  if (add.data) return <Added name={add.data.name} onClose={onClose} />;
  return (
    <Dialog
      open
      onClose={onClose}
      title="Add a provider"
      description="Anything that speaks OpenAI’s format."
    >
      <form
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          add.mutate(wishOf(draft));
        }}
      >
        <PresetChoice chosen={preset} onChoose={choose} />
        <Field
          label="Name"
          required
          autoComplete="off"
          spellCheck={false}
          placeholder="my-models"
          hint={`Calls name its models ${draft.name || "my-models"}/…`}
          value={draft.name}
          onChange={(event) => setDraft({ ...draft, name: event.target.value })}
          error={faultOf(add.error, "name")}
        />
        <ProviderFields
          draft={draft}
          error={add.error}
          keyNote={keyNote(preset)}
          onChange={(change) => setDraft({ ...draft, ...change })}
        />
        {isElsewhere(add.error, FIELDS) && (
          <Notice tone="danger">
            <ErrorText error={add.error} />
          </Notice>
        )}
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" busy={add.isPending}>
            Add and test
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

function keyNote(preset: Preset): string {
  if (preset.local) return "Leave it empty if the server wants none.";
  const source = preset.keysAt ? `Made at ${preset.keysAt}. ` : "";
  return `${source}Stored encrypted, shown to nobody again.`;
}

/** The test of a provider just added runs by itself: it takes over its models. */
function Added({ name, onClose }: { name: string; onClose: () => void }) {
  const test = useTestProvider(name);
  const [begun, setBegun] = useState(false);
  if (!begun) {
    setBegun(true);
    queueMicrotask(() => test.mutate());
  }
  return (
    <Dialog open onClose={onClose} title={`“${name}” is added`}>
      {test.isPending && <Notice tone="neutral">Asking it for its models…</Notice>}
      {test.data && <CheckResult check={test.data} />}
      {test.isError && (
        <Notice tone="danger">
          <ErrorText error={test.error} />
        </Notice>
      )}
      <DialogActions>
        {test.data?.ok === false && <Button onClick={() => test.mutate()}>Test again</Button>}
        <Button kind="primary" onClick={onClose}>
          Done
        </Button>
      </DialogActions>
    </Dialog>
  );
}
