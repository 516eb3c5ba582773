import { useQuery } from "@tanstack/react-query";

import type { NewKey } from "@/features/keys/queries";
import { firstCall, modelsQuery } from "@/shared/firstCall";
import { useGatewayUrl } from "@/shared/gateway";
import { useProjectId } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { CodeBlock } from "@/shared/ui/CodeBlock";
import { Dialog, DialogActions } from "@/shared/ui/Dialog";
import { Notice } from "@/shared/ui/Notice";

interface NewSecretProps {
  title: string;
  made: NewKey;
  onClose: () => void;
}

/** A new secret, shown this once, and the lines that use it. */
export function NewSecret({ title, made, onClose }: NewSecretProps) {
  return (
    <Dialog open onClose={onClose} dismissable={false} title={title} description={made.key.name}>
      <div className="flex flex-col gap-3">
        <Notice tone="warn">
          This is shown once. Penstock keeps only a digest of it: copy it now.
        </Notice>
        <CodeBlock label="key" code={made.secret} />
      </div>
      <DialogActions>
        <Button kind="primary" onClick={onClose}>
          I have copied it
        </Button>
      </DialogActions>
    </Dialog>
  );
}
