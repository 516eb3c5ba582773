import { isPrivateAddress, type Draft } from "@/features/providers/providerForm";
import { fieldError } from "@/shared/api/fieldErrors";
import { useSession } from "@/shared/session";
import { CheckboxField } from "@/shared/ui/CheckboxField";
import { Field, SelectField } from "@/shared/ui/Field";
import { Disclosure } from "@/shared/ui/Disclosure";
import { TextAreaField } from "@/shared/ui/TextAreaField";

interface ProviderFieldsProps {
  draft: Draft;
  error: unknown;
  /** The last characters of the stored key; empty or left out if there is none. */
  currentKey?: string;
  keyHint?: string;
  onChange: (change: Partial<Draft>) => void;
}

export function ProviderFields({
  draft,
  error,
  currentKey,
  keyHint,
  onChange,
}: ProviderFieldsProps) {
  const canAllowPrivate = useSession().instance_admin;
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
        error={fieldError(error, "base_url")}
      />
      <Field
        label="API key"
        type="password"
        autoComplete="off"
        placeholder={currentKey ? `Keep current key (${currentKey})` : "Paste the API key"}
        hint={keyHint}
        disabled={draft.removeKey}
        className="font-mono text-xs"
        value={draft.apiKey}
        onChange={(event) => onChange({ apiKey: event.target.value })}
        error={fieldError(error, "api_key")}
      />
      {currentKey && (
        <CheckboxField
          label="Remove API key"
          checked={draft.removeKey}
          onChange={(removeKey) => onChange({ removeKey, apiKey: "" })}
        />
      )}
      {(isPrivateAddress(draft.baseUrl) || draft.privateAllowed) && (
        <CheckboxField
          label="Allow private address"
          hint={
            canAllowPrivate
              ? "Lets the gateway connect to this host and port in your private network."
              : "Only an instance admin can allow this."
          }
          disabled={!canAllowPrivate}
          checked={draft.privateAllowed}
          onChange={(privateAllowed) => onChange({ privateAllowed })}
        />
      )}
      <Disclosure title="Advanced settings">
        <AdvancedFields draft={draft} error={error} onChange={onChange} />
      </Disclosure>
    </>
  );
}

function AdvancedFields({ draft, error, onChange }: ProviderFieldsProps) {
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
        hint="Leave empty to use the provider’s own model list, which each test refreshes."
        error={fieldError(error, "models")}
      />
      <Field
        label="Price list"
        placeholder="Detected from the base URL"
        autoComplete="off"
        value={draft.vendor}
        onChange={(event) => onChange({ vendor: event.target.value })}
        hint="The vendor whose public prices apply, such as openai or mistral."
        error={fieldError(error, "vendor")}
      />
      <div className="grid gap-3 sm:grid-cols-2">
        <SelectField
          label="Token usage in streams"
          value={draft.quirks["stream_usage"] ?? ""}
          onChange={(event) => setQuirk("stream_usage", event.target.value)}
        >
          <option value="">Request it</option>
          <option value="no">Do not request it</option>
        </SelectField>
        <SelectField
          label="End of stream"
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
