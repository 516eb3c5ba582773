import { useQuery } from "@tanstack/react-query";

import { Comments } from "@/features/prompts/Comments";
import { LabelHistory } from "@/features/prompts/LabelHistory";
import { versionQuery, type Prompt } from "@/features/prompts/queries";
import { TABS, type PromptSearch } from "@/features/prompts/search";
import { VersionContent } from "@/features/prompts/VersionContent";
import { VersionMetrics } from "@/features/prompts/VersionMetrics";
import { VersionDiff } from "@/features/prompts/VersionDiff";
import { useProjectId } from "@/shared/session";
import { QueryContent } from "@/shared/ui/QueryContent";
import { Tabs } from "@/shared/ui/Tabs";

interface PromptTabsProps {
  prompt: Prompt;
  number: number;
  search: PromptSearch;
  onChange: (part: PromptSearch) => void;
}

/** Content, changes, metrics, labels and comments of a version. */
export function PromptTabs({ prompt, number, search, onChange }: PromptTabsProps) {
  const query = useQuery(versionQuery(useProjectId(), prompt.id, String(number)));
  const older = search.against ?? comparedVersion(prompt, number);
  return (
    <Tabs
      label="Prompt"
      value={search.tab ?? "content"}
      onChange={(id) => onChange({ tab: TABS.find((tab) => tab === id) })}
      tabs={[
        {
          id: "content",
          label: "Content",
          content: (
            <QueryContent query={query}>
              {(version) => <VersionContent content={version.content} />}
            </QueryContent>
          ),
        },
        {
          id: "changes",
          label: "Changes",
          content: (
            <VersionDiff
              prompt={prompt}
              older={older}
              newer={number}
              onSelect={(against) => onChange({ against })}
            />
          ),
        },
        {
          id: "metrics",
          label: "Metrics",
          content: <VersionMetrics prompt={prompt} number={number} />,
        },
        { id: "labels", label: "Labels", content: <LabelHistory prompt={prompt} /> },
        {
          id: "comments",
          label: "Comments",
          content: <Comments prompt={prompt} number={number} />,
        },
      ]}
    />
  );
}

/** The version that a reader most likely wants to compare with: the one in production, or else the
 * one before. */
function comparedVersion(prompt: Prompt, number: number): number {
  const production = prompt.labels["production"];
  if (production !== undefined && production !== number) return production;
  return Math.max(1, number - 1);
}
