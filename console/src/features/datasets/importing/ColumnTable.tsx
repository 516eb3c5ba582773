import { ROLES, type Column, type Role } from "@/features/datasets/importing/columns";
import { itemText } from "@/shared/datasets/itemText";
import { SelectInput } from "@/shared/ui/Field";
import { Cell, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";

interface ColumnTableProps {
  columns: readonly Column[];
  /** A value of each column. */
  examples: Record<string, unknown>;
  onChange: (columns: Column[]) => void;
}

/** What each column of a file becomes. */
export function ColumnTable({ columns, examples, onChange }: ColumnTableProps) {
  const change = (name: string, part: Partial<Column>) =>
    onChange(columns.map((each) => (each.name === name ? { ...each, ...part } : each)));
  return (
    <Table label="Columns">
      <TableHead>
        <HeadCell>Column</HeadCell>
        <HeadCell className="w-full">Example</HeadCell>
        <HeadCell>Becomes</HeadCell>
        <HeadCell>JSON</HeadCell>
      </TableHead>
      <tbody>
        {columns.map(({ name, role, json }) => (
          <Row key={name}>
            <Cell className="max-w-48 truncate font-mono text-xs">{name}</Cell>
            <Cell className="max-w-0 truncate text-ink-2">{itemText(examples[name]) || "–"}</Cell>
            <Cell>
              <SelectInput
                label={`${name} becomes`}
                value={role}
                options={ROLES}
                onChange={(next) => change(name, { role: next as Role })}
              />
            </Cell>
            <Cell>
              <input
                type="checkbox"
                aria-label={`${name} is JSON`}
                className="size-4 accent-[var(--accent)]"
                checked={json}
                onChange={(event) => change(name, { json: event.target.checked })}
              />
            </Cell>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}
