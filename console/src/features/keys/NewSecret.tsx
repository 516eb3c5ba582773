import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { callableModel } from "@/features/keys/callable";
import type { NewKey } from "@/features/keys/queries";
import { CALL_LANGUAGES, firstCall, modelsQuery, type CallLanguage } from "@/shared/firstCall";
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

/** A new secret, shown this once, and the lines that use it. */
export function NewSecret({ title, made, onClose }: NewSecretProps) {
  return (
    <Dialog open onClose={onClose} dismissable={false} title={title} description={made.key.name}>
      <div className="flex flex-col gap-4">
        <Notice tone="warn">
          It is shown this once; Penstock keeps only a digest of it. Copy it now.
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
  const model = callableModel(made.key.allowed_models, models);
  if (!gatewayUrl || !model) return null;
  const calls = firstCall({ gatewayUrl, model, key: made.secret });
  return (
    <Tabs
      label="First call with it"
      value={language}
      onChange={setLanguage}
      tabs={CALL_LANGUAGES.map((id) => ({
        id,
        label: NAMES[id],
        content: <CodeBlock label={`${NAMES[id]} call`} code={calls[id]} />,
      }))}
    />
  );
}
