import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import type { Queue } from "@/features/annotation/queries";
import { queueJudgeQuery } from "@/shared/annotation/queries";
import { modelsQuery } from "@/shared/exampleCalls";
import { useProjectId } from "@/shared/session";
import { CodeBlock } from "@/shared/ui/CodeBlock";
import { Combobox } from "@/shared/ui/Combobox";
import { Dialog, DialogActions } from "@/shared/ui/Dialog";
import { PRIMARY_LINK_CLASSES } from "@/shared/ui/LinkButton";
import { QueryContent } from "@/shared/ui/QueryContent";

interface JudgeDialogProps {
  queue: Queue;
  /** The item whose remarks the judge gets, too. */
  itemId?: string;
  onClose: () => void;
}

/** Makes a judge of the question and the guidelines of a queue; its labels measure it. */
export function JudgeDialog({ queue, itemId = "", onClose }: JudgeDialogProps) {
  const projectId = useProjectId();
  const [model, setModel] = useState("");
  const models = useQuery(modelsQuery(projectId)).data ?? [];
  const known = models.includes(model);
  const query = useQuery(queueJudgeQuery(projectId, queue.name, known ? model : "", itemId));
  return (
    <Dialog
      open
      onClose={onClose}
      title="Make a judge"
      description={`It asks the question of this queue, by its guidelines${itemId ? " and the remarks of annotators on this item" : ""}. The metric “${queue.score}” is then compared with the labels.`}
    >
      <div className="flex flex-col gap-3">
        <Combobox
          label="Model that judges"
          name="model"
          value={model}
          options={models}
          placeholder="Model that judges"
          onChange={setModel}
        />
        {known && (
          <QueryContent query={query}>
            {(judge) => (
              <>
                <CodeBlock label="Evaluator" code={JSON.stringify(judge, null, 2)} />
                <DialogActions>
                  <Link
                    to="/projects/$projectId/evaluations/_new"
                    params={{ projectId }}
                    search={{ queue: queue.name, judge: model, ...(itemId && { item: itemId }) }}
                    className={PRIMARY_LINK_CLASSES}
                  >
                    Start a run with it
                  </Link>
                </DialogActions>
              </>
            )}
          </QueryContent>
        )}
      </div>
    </Dialog>
  );
}
