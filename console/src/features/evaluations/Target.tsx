import type { Run } from "@/features/evaluations/queries";
import { ReleaseLink } from "@/shared/releases/ReleaseLink";

/** What a run measures: a release, or outputs that were recorded elsewhere. */
export function Target({ run }: { run: Pick<Run, "release" | "output_field"> }) {
  if (run.release) return <ReleaseLink digest={run.release} withMessage />;
  return (
    <span className="text-ink-2">
      {run.output_field ? `recorded in ${run.output_field}` : "recorded outputs"}
    </span>
  );
}
