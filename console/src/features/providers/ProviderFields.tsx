import { isPrivateAddress, type ProviderForm } from "@/features/providers/providerForm";
import { QuirkFields } from "@/features/providers/QuirkFields";
import type { FormState } from "@/shared/forms/useForm";
import { useSession } from "@/shared/session";
import { Disclosure } from "@/shared/ui/Disclosure";
import { CheckboxField, TextAreaField, TextField } from "@/shared/ui/Field";

const LIMITS = ["max_concurrency", "max_queue", "queue_timeout_s"] as const;

interface ProviderFieldsProps {
  form: FormState<ProviderForm>;
  /** Decides which quirks are offered. */
  kind: string;
  /** The last characters of the stored key; empty or left out if there is none. */
  currentKey?: string;
  keyHint?: string;
}

export function ProviderFields({ form, kind, currentKey, keyHint }: ProviderFieldsProps) {
  const { base_url, private_allowed, quirks, remove_key } = form.values;
  return (
    <>
      <TextField
        label="Base URL"
        {...form.text("base_url")}
        required
        placeholder="https://api.example.com/v1"
        autoComplete="off"
        spellCheck={false}
        className="font-mono text-xs"
      />
      <TextField
        label="API key"
        {...form.text("api_key")}
        type="password"
        autoComplete="off"
        placeholder={currentKey ? `Keep current key (${currentKey})` : "Paste the API key"}
        hint={keyHint}
        disabled={remove_key}
        className="font-mono text-xs"
      />
      {currentKey && (
        <CheckboxField
          label="Remove API key"
          {...form.checkbox("remove_key")}
          onChange={(checked) => form.change({ remove_key: checked, api_key: "" })}
        />
      )}
      {(isPrivateAddress(base_url) || private_allowed) && <PrivateAddressField form={form} />}
      <AdvancedFields form={form} />
      <QuirkFields
        kind={kind}
        quirks={quirks}
        error={form.errorOf("quirks")}
        onChange={(changed) => form.change({ quirks: changed })}
      />
    </>
  );
}

function PrivateAddressField({ form }: { form: FormState<ProviderForm> }) {
  const canAllow = useSession().instance_admin;
  return (
    <CheckboxField
      label="Allow private address"
      {...form.checkbox("private_allowed")}
      hint={
        canAllow
          ? "Lets the gateway connect to this host and port in your private network."
          : "Only an instance admin can allow this."
      }
      disabled={!canAllow}
    />
  );
}

function AdvancedFields({ form }: { form: FormState<ProviderForm> }) {
  return (
    <Disclosure title="Advanced settings" open={form.hasError("models", "vendor", ...LIMITS)}>
      <TextAreaField
        label="Models"
        {...form.text("models")}
        hint="Leave empty to use the provider’s own model list, which each test refreshes."
      />
      <TextField
        label="Price list"
        {...form.text("vendor")}
        placeholder="Detected from the base URL"
        autoComplete="off"
        hint="The vendor whose public prices apply, such as openai or mistral."
      />
      <div className="grid gap-3 sm:grid-cols-3">
        <TextField
          label="Calls at once"
          {...form.text("max_concurrency")}
          inputMode="numeric"
          placeholder="No limit"
          hint="Further calls wait."
        />
        <TextField
          label="Waiting calls"
          {...form.text("max_queue")}
          inputMode="numeric"
          placeholder="16"
          hint="In each worker."
        />
        <TextField
          label="Longest wait (s)"
          {...form.text("queue_timeout_s")}
          inputMode="decimal"
          placeholder="5"
        />
      </div>
    </Disclosure>
  );
}
