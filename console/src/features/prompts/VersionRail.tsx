import { useInfiniteQuery } from "@tanstack/react-query";

import { LabelBadges } from "@/features/prompts/LabelBadges";
import { versionsQuery, type Prompt, type PromptVersion } from "@/features/prompts/queries";
import { useProjectId } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { cx } from "@/shared/ui/classes";
import { ErrorNotice } from "@/shared/ui/ErrorState";
import { RelativeTime } from "@/shared/ui/Values";

interface VersionRailProps {
  prompt: Prompt;
  /** The version that is shown. */
  number: number;
  onSelect: (number: number) => void;
}

/** The versions of a prompt, newest first, with their labels. */
export function VersionRail({ prompt, number, onSelect }: VersionRailProps) {
  const query = useInfiniteQuery(versionsQuery(useProjectId(), prompt.id));
  const versions = query.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <aside aria-label="Versions" className="max-lg:order-first">
      <h2 className="flex h-9 items-center border-b border-line text-sm font-medium">Versions</h2>
      {query.isError && <ErrorNotice error={query.error} />}
      <ol className="thin-scroll max-h-[70vh] overflow-y-auto py-2 max-lg:max-h-52">
        {versions.map((version) => (
          <VersionItem
            key={version.number}
            version={version}
            labels={labelsAt(prompt, version.number)}
            selected={version.number === number}
            onSelect={() => onSelect(version.number)}
          />
        ))}
        {query.hasNextPage && (
          <Button
            kind="quiet"
            busy={query.isFetchingNextPage}
            onClick={() => void query.fetchNextPage()}
          >
            Show older versions
          </Button>
        )}
      </ol>
    </aside>
  );
}

/** The labels that are at a version. */
export function labelsAt(prompt: Prompt, number: number): [string][] {
  return Object.entries(prompt.labels)
    .filter(([, at]) => at === number)
    .map(([label]) => [label]);
}

interface VersionItemProps {
  version: PromptVersion;
  labels: [string][];
  selected: boolean;
  onSelect: () => void;
}

function VersionItem({ version, labels, selected, onSelect }: VersionItemProps) {
  return (
    <li>
      <button
        type="button"
        aria-current={selected}
        onClick={onSelect}
        title={`${version.digest}\n${version.message}`}
        className={cx(
          "flex w-full flex-col gap-0.5 rounded-md px-2.5 py-1.5 text-left",
          selected ? "bg-accent-soft" : "hover:bg-hover",
        )}
      >
        <span className="flex flex-wrap items-center gap-1.5 text-sm">
          <span className="num font-medium">v{version.number}</span>
          <LabelBadges labels={labels} />
          <span className="ml-auto text-2xs text-ink-3">
            <RelativeTime at={version.created_at} />
          </span>
        </span>
        {version.message && (
          <span className="line-clamp-2 text-xs text-ink-2">{version.message}</span>
        )}
        <span className="truncate text-2xs text-ink-3">{version.author}</span>
      </button>
    </li>
  );
}
