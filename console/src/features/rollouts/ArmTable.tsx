import { MeasuresTable } from "@/shared/measures/MeasuresTable";
import { formatShare } from "@/shared/format/number";
import { armColour, armShares } from "@/shared/releases/arms";
import type { Rollout } from "@/shared/releases/queries";
import { ReleaseLink } from "@/shared/releases/ReleaseLink";
import type { RangeSearch } from "@/shared/timeRange";
import { Cell, FROM_MD, HeadCell } from "@/shared/ui/Table";

interface ArmTableProps {
  rollout: Rollout;
  range: RangeSearch;
}

/** The arms of a rollout: their shares, and how their calls go. */
export function ArmTable({ rollout, range }: ArmTableProps) {
  const arms = armShares(rollout);
  const several = arms.length > 1;
  const base = { use_case: [rollout.use_case], environment: [rollout.environment], ...range };
  return (
    <>
      {several && (
        <div
          role="img"
          aria-label={arms.map(({ name, share }) => `${name} ${formatShare(share)}`).join(", ")}
          className="mb-2 flex h-2 gap-px overflow-hidden rounded-sm"
        >
          {arms.map(({ name, share }, index) => (
            <span
              key={name}
              style={{ flexGrow: share, background: `var(${armColour(index)})` }}
              title={`${name} ${formatShare(share)}`}
            />
          ))}
        </div>
      )}
      <MeasuresTable
        label="Arms"
        columns={
          <>
            {several && <HeadCell>Arm</HeadCell>}
            <HeadCell className={several ? `w-full ${FROM_MD}` : "w-full"}>Release</HeadCell>
            {several && <HeadCell numeric>Share</HeadCell>}
          </>
        }
        slices={arms.map(({ name, release, share, isBaseline }, index) => ({
          key: name,
          cells: (
            <>
              {several && (
                <Cell className="whitespace-nowrap">
                  <span className="flex items-center gap-2">
                    <span
                      className="size-2 rounded-xs"
                      style={{ background: `var(${armColour(index)})` }}
                    />
                    <span className="font-medium">{name}</span>
                    {isBaseline && <span className="text-xs text-ink-3">baseline</span>}
                  </span>
                </Cell>
              )}
              <Cell className={several ? `max-w-0 min-w-40 ${FROM_MD}` : "max-w-0 min-w-40"}>
                <ReleaseLink digest={release} withMessage />
              </Cell>
              {several && (
                <Cell numeric className="font-medium">
                  {formatShare(share)}
                </Cell>
              )}
            </>
          ),
          filter: { ...base, release: [release], ...(several && { arm: [name] }) },
        }))}
      />
    </>
  );
}
