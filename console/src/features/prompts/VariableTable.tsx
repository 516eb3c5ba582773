import type { Variable } from "@/features/prompts/promptForm";
import { Cell, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";

/** The variables of a version. */
export function VariableTable({ variables }: { variables: Record<string, Variable> }) {
  return (
    <Table label="Variables">
      <TableHead>
        <HeadCell>Name</HeadCell>
        <HeadCell>Type</HeadCell>
        <HeadCell>Default</HeadCell>
        <HeadCell className="max-sm:hidden">Description</HeadCell>
      </TableHead>
      <tbody>
        {Object.entries(variables).map(([name, variable]) => (
          <Row key={name}>
            <Cell className="font-mono text-xs text-accent">{name}</Cell>
            <Cell className="text-ink-2">
              {variable.type ?? "string"}
              {variable.values && <span> of {variable.values.join(", ")}</span>}
            </Cell>
            <Cell className="max-w-60 truncate font-mono text-xs">
              {variable.default === undefined ? (
                <span className="font-sans text-ink-3">required</span>
              ) : (
                JSON.stringify(variable.default)
              )}
            </Cell>
            <Cell className="max-w-72 truncate text-ink-2 max-sm:hidden">
              <span title={variable.description}>{variable.description}</span>
            </Cell>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}
