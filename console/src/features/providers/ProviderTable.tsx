import { useState } from "react";

import { ProviderRow } from "@/features/providers/ProviderRow";
import type { Provider } from "@/features/providers/queries";
import { HeadCell, Table, TableHead } from "@/shared/ui/Table";

interface ProviderTableProps {
  providers: Provider[];
  onEdit?: (provider: Provider) => void;
  onRemove?: (provider: Provider) => void;
}

export function ProviderTable({ providers, onEdit, onRemove }: ProviderTableProps) {
  const [expanded, setExpanded] = useState("");
  return (
    <Table label="Providers">
      <TableHead>
        <HeadCell>Name</HeadCell>
        <HeadCell className="max-lg:hidden">Base URL</HeadCell>
        <HeadCell className="max-xl:hidden">API key</HeadCell>
        <HeadCell>Models</HeadCell>
        <HeadCell numeric className="max-md:hidden">
          Calls, 24 h
        </HeadCell>
        <HeadCell numeric className="max-md:hidden">
          Errors, 24 h
        </HeadCell>
        <HeadCell numeric className="max-lg:hidden">
          Latency p50, 24 h
        </HeadCell>
        <HeadCell />
      </TableHead>
      {providers.map((provider) => (
        <ProviderRow
          key={provider.name}
          provider={provider}
          expanded={expanded === provider.name}
          onExpand={() => setExpanded(expanded === provider.name ? "" : provider.name)}
          onEdit={onEdit}
          onRemove={onRemove}
        />
      ))}
    </Table>
  );
}
