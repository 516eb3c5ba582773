import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { AddProviderDialog } from "@/features/providers/AddProviderDialog";
import { EditProviderDialog } from "@/features/providers/EditProviderDialog";
import { ProviderTable } from "@/features/providers/ProviderTable";
import { providersQuery, type Provider } from "@/features/providers/queries";
import { RemoveProviderDialog } from "@/features/providers/RemoveProviderDialog";
import { useHasRole, useProjectId } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { EmptyState } from "@/shared/ui/EmptyState";
import { QueryContent } from "@/shared/ui/QueryContent";
import { Page } from "@/shared/ui/Page";

type OpenDialog = { kind: "add" } | { kind: "edit" | "remove"; provider: Provider } | null;

export function ProvidersPage() {
  const canWrite = useHasRole("admin");
  const query = useQuery(providersQuery(useProjectId()));
  const [open, setOpen] = useState<OpenDialog>(null);
  const close = () => setOpen(null);
  const add = (
    <Button kind="primary" onClick={() => setOpen({ kind: "add" })}>
      Add provider
    </Button>
  );
  return (
    <Page title="Providers" actions={canWrite && add}>
      <QueryContent query={query}>
        {(providers) =>
          providers.length === 0 ? (
            <EmptyState title="No providers yet" action={canWrite && add}>
              A provider serves models: a vendor such as OpenAI, or your own server such as vLLM or
              Ollama.
            </EmptyState>
          ) : (
            <ProviderTable
              providers={providers}
              {...(canWrite && {
                onEdit: (provider: Provider) => setOpen({ kind: "edit", provider }),
                onRemove: (provider: Provider) => setOpen({ kind: "remove", provider }),
              })}
            />
          )
        }
      </QueryContent>
      {open?.kind === "add" && <AddProviderDialog onClose={close} />}
      {open?.kind === "edit" && <EditProviderDialog provider={open.provider} onClose={close} />}
      {open?.kind === "remove" && <RemoveProviderDialog provider={open.provider} onClose={close} />}
    </Page>
  );
}
