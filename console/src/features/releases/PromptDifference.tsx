import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { promptOf, type PromptTitle } from "@/features/releases/promptTitle";
import { promptDiffQuery, promptIdQuery, type Lineage } from "@/features/releases/queries";
import { DiffPieces } from "@/shared/prompts/DiffPieces";
import { useProjectId } from "@/shared/session";
import { QueryContent } from "@/shared/ui/QueryContent";

/** The words that differ between the prompts of two releases. */
export function PromptDifference({ old, newer }: { old: Lineage; newer: Lineage }) {
  const before = promptOf(old);
  const after = promptOf(newer);
  if (!before && !after) return null;
  return (
    <section aria-label="Prompt" className="pt-8">
      <h2 className="mb-2 text-sm font-medium">Prompt</h2>
      {before && after && before.name === after.name ? (
        <SamePrompt before={before} after={after} />
      ) : (
        <Remark>
          {before ? `${before.name}, version ${before.version}` : "No prompt"} →{" "}
          {after ? `${after.name}, version ${after.version}` : "no prompt"}
        </Remark>
      )}
    </section>
  );
}

function SamePrompt({ before, after }: { before: PromptTitle; after: PromptTitle }) {
  const promptId = useQuery(promptIdQuery(useProjectId(), before.name));
  if (before.version === after.version) {
    return (
      <Remark>
        Both have {before.name}, version {before.version}.
      </Remark>
    );
  }
  return (
    <>
      <Remark>
        {before.name}, version {before.version} → {after.version}
      </Remark>
      <QueryContent query={promptId}>
        {(id) =>
          id === null ? (
            <Remark>The prompt has been removed; the releases keep their versions.</Remark>
          ) : (
            <Words id={id} before={before.version} after={after.version} />
          )
        }
      </QueryContent>
    </>
  );
}

function Words({ id, before, after }: { id: string; before: string; after: string }) {
  const diff = useQuery(promptDiffQuery(useProjectId(), id, before, after));
  return (
    <QueryContent query={diff}>
      {({ pieces }) => <DiffPieces key={`${before} ${after}`} pieces={pieces} />}
    </QueryContent>
  );
}

function Remark({ children }: { children: ReactNode }) {
  return <p className="mb-2 text-sm text-ink-2">{children}</p>;
}
