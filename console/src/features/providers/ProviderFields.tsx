import { looksPrivate, type Draft } from "@/features/providers/draft";
import { faultOf } from "@/shared/api/faults";
import { useSession } from "@/shared/session";
import { CheckField } from "@/shared/ui/CheckField";
import { Field, SelectField } from "@/shared/ui/Field";
import { More } from "@/shared/ui/More";
import { TextAreaField } from "@/shared/ui/TextAreaField";

interface ProviderFieldsProps {
  draft: Draft;
  error: unknown;
  /** The end of the key that is kept unless another one is pasted; none on a new provider. */
  keyHint?: string;
  keyNote?: string;
  onChange: (change: Partial<Draft>) => void;
}

export function ProviderFields({ draft, error, keyHint, keyNote, onChange }: ProviderFieldsProps) {
  const mayAllow = useSession().instance_admin;
  return (
    <>
      <Field
        label="Base URL"
        required
        placeholder="https://api.example.com/v1"
        autoComplete="off"
        spellCheck={false}
        className="font-mono text-xs"
        value={draft.baseUrl}
        onChange={(event) => onChange({ baseUrl: event.target.value })}
        error={faultOf(error, "base_url")}
      />
      <Field
        label="API key"
        type="password"
        autoComplete="off"
        placeholder={keyHint ? `${keyHint} is kept` : "Paste it here"}
        hint={keyNote}
        disabled={draft.removeKey}
        className="font-mono text-xs"
        value={draft.apiKey}
        onChange={(event) => onChange({ apiKey: event.target.value })}
        error={faultOf(error, "api_key")}
      />
      {keyHint && (
        <CheckField
          label="Remove the key"
          checked={draft.removeKey}
          onChange={(removeKey) => onChange({ removeKey, apiKey: "" })}
        />
      )}
      {(looksPrivate(draft.baseUrl) || draft.privateAllowed) && (
        <CheckField
          label="Allow this private address"
          hint={
            mayAllow
              ? "Gateways may then call this host and port, though it lies in your own network."
              : "Only an instance admin may allow it, for one host and port."
          }
          disabled={!mayAllow}
          checked={draft.privateAllowed}
          onChange={(privateAllowed) => onChange({ privateAllowed })}
        />
      )}
      <More title="Models, prices, quirks">
        <MoreFields draft={draft} error={error} onChange={onChange} />
      </More>
    </>
  );
}

function MoreFields({ draft, error, onChange }: ProviderFieldsProps) {
  const setQuirk = (name: string, value: string) => {
    const others = Object.entries(draft.quirks).filter(([each]) => each !== name);
    onChange({ quirks: Object.fromEntries(value ? [...others, [name, value]] : others) });
  };
  return (
    <>
      <TextAreaField
        label="Models"
        value={draft.models}
        onChange={(event) => onChange({ models: event.target.value })}
        hint="Empty: its own list counts, taken over at each test. Names here are pinned."
        error={faultOf(error, "models")}
      />
      <Field
        label="Public prices of"
        placeholder="by its address"
        autoComplete="off"
        value={draft.vendor}
        onChange={(event) => onChange({ vendor: event.target.value })}
        hint="A vendor such as openai or mistral."
        error={faultOf(error, "vendor")}
      />
      <div className="grid gap-3 sm:grid-cols-2">
        <SelectField
          label="Usage in streams"
          value={draft.quirks["stream_usage"] ?? ""}
          onChange={(event) => setQuirk("stream_usage", event.target.value)}
        >
          <option value="">Asked for</option>
          <option value="no">Not asked for</option>
        </SelectField>
        <SelectField
          label="Streams end with"
          value={draft.quirks["terminator"] ?? ""}
          onChange={(event) => setQuirk("terminator", event.target.value)}
        >
          <option value="">[DONE]</option>
          <option value="finish_reason">finish_reason</option>
        </SelectField>
      </div>
    </>
  );
}
