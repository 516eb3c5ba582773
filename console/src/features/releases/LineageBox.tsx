import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { BrainCircuit, Link2, MessagesSquare, Package, Puzzle, Radio } from "lucide-react";
import type { ReactNode } from "react";

import type { LineageNode } from "@/features/releases/lineageLayout";
import { parsePromptTitle } from "@/features/releases/promptTitle";
import { promptIdQuery, type ReleasePart } from "@/features/releases/queries";
import { shortHash } from "@/shared/releases/arms";
import { useProjectId } from "@/shared/session";
import { cx } from "@/shared/ui/classes";

const TITLE = "block truncate text-sm font-medium";
const LINK = cx(TITLE, "hover:text-accent hover:underline");

/** One thing of a lineage, linked to its page. */
export function LineageBox({ node }: { node: LineageNode }) {
  const projectId = useProjectId();
  switch (node.kind) {
    case "part":
      return <PartBox part={node.part} />;
    case "release":
      return (
        <Box icon={<Package size={14} />} kind="this release" main>
          <span className={cx(TITLE, "font-mono")} title={node.release.message}>
            {shortHash(node.release.digest)}
          </span>
        </Box>
      );
    case "chain":
      return (
        <Box icon={<Link2 size={14} />} kind={`step “${node.step}” of the chain`}>
          <ReleaseTitle digest={node.release.digest} />
        </Box>
      );
    case "place":
      return (
        <Box icon={<Radio size={14} />} kind={`answers in ${node.environment}`}>
          <Link
            to="/projects/$projectId/rollouts/$useCase/$environment"
            params={{ projectId, useCase: node.use_case, environment: node.environment }}
            className={LINK}
          >
            {node.use_case}
          </Link>
        </Box>
      );
  }
}

function PartBox({ part }: { part: ReleasePart }) {
  switch (part.kind) {
    case "prompt":
      return <PromptBox part={part} />;
    case "partial":
      return (
        <Box icon={<Puzzle size={14} />} kind="partial">
          <span className={cx(TITLE, "font-mono")} title={part.part}>
            {shortHash(part.part)}
          </span>
        </Box>
      );
    case "model":
      return (
        <Box icon={<BrainCircuit size={14} />} kind="model or route">
          <ReleasesWith model={part.part} />
        </Box>
      );
    case "step":
      return (
        <Box icon={<Package size={14} />} kind={`step “${part.title}”`}>
          <ReleaseTitle digest={part.part} />
        </Box>
      );
  }
}

function PromptBox({ part }: { part: ReleasePart }) {
  const projectId = useProjectId();
  const { name, version } = parsePromptTitle(part.title);
  const promptId = useQuery(promptIdQuery(projectId, name)).data;
  return (
    <Box icon={<MessagesSquare size={14} />} kind={`prompt, version ${version}`}>
      {promptId ? (
        <Link
          to="/projects/$projectId/prompts/$promptId"
          params={{ projectId, promptId }}
          search={{ version: Number(version) }}
          title={name}
          className={LINK}
        >
          {name}
        </Link>
      ) : (
        <span className={TITLE} title={name}>
          {name}
        </span>
      )}
    </Box>
  );
}

function ReleasesWith({ model }: { model: string }) {
  return (
    <Link
      to="/projects/$projectId/releases"
      params={{ projectId: useProjectId() }}
      search={{ model }}
      title={`${model}: all releases with it`}
      className={LINK}
    >
      {model}
    </Link>
  );
}

function ReleaseTitle({ digest }: { digest: string }) {
  return (
    <Link
      to="/projects/$projectId/releases/$release"
      params={{ projectId: useProjectId(), release: digest }}
      title={digest}
      className={cx(LINK, "font-mono")}
    >
      {shortHash(digest)}
    </Link>
  );
}

interface BoxProps {
  icon: ReactNode;
  kind: string;
  main?: boolean;
  children: ReactNode;
}

function Box({ icon, kind, main = false, children }: BoxProps) {
  return (
    <div
      className={cx(
        "flex h-full flex-col justify-center rounded-md border px-3",
        main ? "border-accent bg-accent-soft" : "border-line bg-raised",
      )}
    >
      <span className="flex items-center gap-1.5 truncate text-2xs text-ink-3">
        {icon}
        {kind}
      </span>
      {children}
    </div>
  );
}
