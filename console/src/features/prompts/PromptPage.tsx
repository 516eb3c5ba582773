import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";

import { MoveLabelDialog } from "@/features/prompts/MoveLabelDialog";
import { PromptTabs } from "@/features/prompts/PromptTabs";
import { promptQuery, type Prompt } from "@/features/prompts/queries";
import { RemovedNotice } from "@/features/prompts/RemovedNotice";
import { RemovePromptDialog } from "@/features/prompts/RemovePromptDialog";
import { RenamePromptDialog } from "@/features/prompts/RenamePromptDialog";
import type { PromptSearch } from "@/features/prompts/search";
import { VersionRail } from "@/features/prompts/VersionRail";
import { useHasRole } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { CopyButton } from "@/shared/ui/Copyable";
import { DetailHeader, DetailPage } from "@/shared/ui/DetailPage";
import { LINK_BUTTON_CLASSES } from "@/shared/ui/LinkButton";
import { MenuItem } from "@/shared/ui/Menu";
import { QueryContent } from "@/shared/ui/QueryContent";
import { DangerMenuItem, RowMenu } from "@/shared/ui/RowMenu";

const FROM = "/signed-in/projects/$projectId/prompts/$promptId";

/** A prompt: its versions, and the content, changes, labels and comments of one. */
export function PromptPage() {
  const { projectId, promptId } = useParams({ from: FROM });
  const search = useSearch({ from: FROM });
  const navigate = useNavigate({ from: "/projects/$projectId/prompts/$promptId" });
  const query = useQuery(promptQuery(projectId, promptId));
  const change = (part: PromptSearch) =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace: true });
  return (
    <DetailPage list={{ to: "/projects/$projectId/prompts", name: "Prompts" }}>
      <QueryContent query={query}>
        {(prompt) => {
          const number = search.version ?? prompt.labels["production"] ?? prompt.latest;
          return (
            <>
              <Header prompt={prompt} number={number} />
              <div className="grid gap-x-8 gap-y-4 lg:grid-cols-[minmax(0,1fr)_18rem]">
                <PromptTabs prompt={prompt} number={number} search={search} onChange={change} />
                <VersionRail
                  prompt={prompt}
                  number={number}
                  onSelect={(version) => change({ version, against: undefined })}
                />
              </div>
            </>
          );
        }}
      </QueryContent>
    </DetailPage>
  );
}

function Header({ prompt, number }: { prompt: Prompt; number: number }) {
  const { projectId } = useParams({ from: FROM });
  const canWrite = useHasRole("editor");
  const removed = prompt.removed_at !== null;
  const [dialog, setDialog] = useState<"move" | "remove" | "rename">();
  const close = () => setDialog(undefined);
  return (
    <>
      <DetailHeader
        title={prompt.name}
        note={
          <>
            <CopyButton value={prompt.name} label="name" />
            <span className="text-sm whitespace-nowrap text-ink-3">
              {prompt.kind} · version {number} of {prompt.latest}
              {prompt.old_names.length > 0 && ` · was ${prompt.old_names.join(", ")}`}
            </span>
          </>
        }
        actions={
          canWrite &&
          !removed && (
            <>
              <Link
                to="/projects/$projectId/playground"
                params={{ projectId }}
                search={{ prompt: prompt.id, version: String(number) }}
                className={LINK_BUTTON_CLASSES}
              >
                Try it
              </Link>
              <Button onClick={() => setDialog("move")}>Move a label here</Button>
              <Link
                to="/projects/$projectId/prompts/$promptId/edit"
                params={{ projectId, promptId: prompt.id }}
                search={number === prompt.latest ? {} : { version: number }}
                className={LINK_BUTTON_CLASSES}
              >
                {number === prompt.latest ? "Edit" : `Edit from version ${number}`}
              </Link>
              <RowMenu subject={prompt.name}>
                <MenuItem onSelect={() => setDialog("rename")}>Rename…</MenuItem>
                <DangerMenuItem onSelect={() => setDialog("remove")}>Remove…</DangerMenuItem>
              </RowMenu>
            </>
          )
        }
      />
      {dialog === "move" && <MoveLabelDialog prompt={prompt} number={number} onClose={close} />}
      {removed && <RemovedNotice prompt={prompt} canWrite={canWrite} />}
      {dialog === "rename" && <RenamePromptDialog prompt={prompt} onClose={close} />}
      {dialog === "remove" && <RemovePromptDialog prompt={prompt} onClose={close} />}
    </>
  );
}
