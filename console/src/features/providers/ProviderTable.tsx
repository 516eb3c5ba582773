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
        <HeadCell>Address</HeadCell>
        <HeadCell>API key</HeadCell>
        <HeadCell>Models</HeadCell>
        <HeadCell numeric>Calls, 24 h</HeadCell>
        <HeadCell numeric>Errors</HeadCell>
        <HeadCell numeric>Latency, p50</HeadCell>
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
