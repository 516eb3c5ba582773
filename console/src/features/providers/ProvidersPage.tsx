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
import { Loaded } from "@/shared/ui/Loaded";
import { Page } from "@/shared/ui/Page";

type Open = { deed: "add" } | { deed: "edit" | "remove"; provider: Provider } | null;

export function ProvidersPage() {
  const mayWrite = useHasRole("admin");
  const query = useQuery(providersQuery(useProjectId()));
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  const add = (
    <Button kind="primary" onClick={() => setOpen({ deed: "add" })}>
      Add provider
    </Button>
  );
  return (
    <Page title="Providers" actions={mayWrite && add}>
      <Loaded query={query}>
        {(providers) =>
          providers.length === 0 ? (
            <EmptyState title="No providers yet" action={mayWrite && add}>
              A provider is where models are: a vendor such as OpenAI, or a server of your own such
              as vLLM or Ollama.
            </EmptyState>
          ) : (
            <ProviderTable
              providers={providers}
              {...(mayWrite && {
                onEdit: (provider: Provider) => setOpen({ deed: "edit", provider }),
                onRemove: (provider: Provider) => setOpen({ deed: "remove", provider }),
              })}
            />
          )
        }
      </Loaded>
      {open?.deed === "add" && <AddProviderDialog onClose={close} />}
      {open?.deed === "edit" && <EditProviderDialog provider={open.provider} onClose={close} />}
      {open?.deed === "remove" && <RemoveProviderDialog provider={open.provider} onClose={close} />}
    </Page>
  );
}
