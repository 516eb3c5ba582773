import { Link } from "@tanstack/react-router";

import { LabelBadges } from "@/features/prompts/LabelBadges";
import type { Prompt } from "@/features/prompts/queries";
import type { PromptsSearch } from "@/features/prompts/search";
import { useProjectId } from "@/shared/session";
import { Cell, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { RelativeTime } from "@/shared/ui/Values";

interface PromptTableProps {
  prompts: Prompt[];
  /** The folder that the list is limited to. */
  folder: string;
  onSearch: (part: PromptsSearch) => void;
}

export function PromptTable({ prompts, folder, onSearch }: PromptTableProps) {
  return (
    <Table label="Prompts">
      <TableHead>
        <HeadCell>Name</HeadCell>
        <HeadCell>Labels</HeadCell>
        <HeadCell className={FROM_MD}>Kind</HeadCell>
        <HeadCell numeric className={FROM_MD}>
          Latest
        </HeadCell>
        <HeadCell className={FROM_MD}>Updated</HeadCell>
      </TableHead>
      <tbody>
        {prompts.map((prompt) => (
          <Row key={prompt.id}>
            <Cell className="w-full max-w-0">
              <PromptName prompt={prompt} folder={folder} onSearch={onSearch} />
            </Cell>
            <Cell className="py-1.5 sm:whitespace-nowrap">
              <LabelBadges labels={Object.entries(prompt.labels)} />
            </Cell>
            <Cell className={`text-ink-2 ${FROM_MD}`}>{prompt.kind}</Cell>
            <Cell numeric className={FROM_MD}>
              v{prompt.latest}
            </Cell>
            <Cell className={`whitespace-nowrap text-ink-2 ${FROM_MD}`}>
              <RelativeTime at={prompt.updated_at} />
            </Cell>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

interface PromptNameProps {
  prompt: Prompt;
  folder: string;
  onSearch: (part: PromptsSearch) => void;
}

/** The name, after the folders that lead to it from the one that is shown. */
function PromptName({ prompt, folder, onSearch }: PromptNameProps) {
  const projectId = useProjectId();
  const start = folder ? folder.length + 1 : 0;
  const end = prompt.name.lastIndexOf("/") + 1;
  const within = prompt.name.slice(start, end);
  return (
    <div className="flex min-w-0" title={prompt.name}>
      {within && (
        <button
          type="button"
          title={`Show the folder ${prompt.name.slice(0, end - 1)}`}
          onClick={() => onSearch({ folder: prompt.name.slice(0, end - 1) })}
          className="min-w-0 truncate text-ink-3 hover:text-ink hover:underline"
        >
          {within}
        </button>
      )}
      <Link
        to="/projects/$projectId/prompts/$promptId"
        params={{ projectId, promptId: prompt.id }}
        className="max-w-full shrink-0 truncate font-medium hover:text-accent hover:underline"
      >
        {prompt.name.slice(end)}
      </Link>
    </div>
  );
}
