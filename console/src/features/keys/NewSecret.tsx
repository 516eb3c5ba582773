import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { exampleModel } from "@/features/keys/exampleModel";
import type { NewKey } from "@/features/keys/queries";
import {
  CALL_LANGUAGES,
  exampleCalls,
  modelsQuery,
  type CallLanguage,
} from "@/shared/exampleCalls";
import { useGatewayUrl } from "@/shared/gateway";
import { useProjectId } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { CodeBlock } from "@/shared/ui/CodeBlock";
import { Dialog, DialogActions } from "@/shared/ui/Dialog";
import { Notice } from "@/shared/ui/Notice";
import { Tabs } from "@/shared/ui/Tabs";

interface NewSecretProps {
  title: string;
  made: NewKey;
  onClose: () => void;
}

/** Shows a new secret once, with example calls. */
export function NewSecret({ title, made, onClose }: NewSecretProps) {
  return (
    <Dialog open onClose={onClose} dismissable={false} title={title} description={made.key.name}>
      <div className="flex flex-col gap-4">
        <Notice tone="warn">
          Copy this key now. It is not shown again: Penstock stores only a hash.
        </Notice>
        <CodeBlock label="key" code={made.secret} />
        <Calls made={made} />
      </div>
      <DialogActions>
        <Button kind="primary" onClick={onClose}>
          I have copied it
        </Button>
      </DialogActions>
    </Dialog>
  );
}

const NAMES: Record<CallLanguage, string> = { curl: "curl", python: "Python", node: "Node" };

function Calls({ made }: { made: NewKey }) {
  const [language, setLanguage] = useState<string>("curl");
  const models = useQuery(modelsQuery(useProjectId())).data ?? [];
  const gatewayUrl = useGatewayUrl();
  const model = exampleModel(made.key.allowed_models, models);
  if (!gatewayUrl || !model) return null;
  const calls = exampleCalls({ gatewayUrl, model, key: made.secret });
  return (
    <Tabs
      label="Example call"
      value={language}
      onChange={setLanguage}
      tabs={CALL_LANGUAGES.map((id) => ({
        id,
        label: NAMES[id],
        content: <CodeBlock label={`${NAMES[id]} example`} code={calls[id]} />,
      }))}
    />
  );
}
