import { actionOf, PLACES, type Action, type Place } from "@/features/guardrails/places";
import { Badge } from "@/shared/ui/Badge";

interface PolicyMapProps {
  checks: readonly { detector: string; places: readonly Place[]; action: Action }[];
}

/** What happens at each place that a call passes. */
export function PolicyMap({ checks }: PolicyMapProps) {
  return (
    <ol aria-label="Checks by place" className="flex flex-col">
      {PLACES.map(({ value, name, title }) => {
        const here = checks.filter(({ places }) => places.includes(value));
        return (
          <li key={value} className="border-l-2 border-line py-1.5 pl-3">
            <div className="text-xs">
              <span className="font-medium">{name}</span>{" "}
              <span className="text-ink-3">{title}</span>
            </div>
            {here.length === 0 ? (
              <p className="text-xs text-ink-3">no check</p>
            ) : (
              <ul className="mt-1 flex flex-wrap gap-1">
                {here.map(({ detector, action }, index) => {
                  const { name: actionName, tone } = actionOf(action) ?? {};
                  return (
                    <li key={index} className="min-w-0">
                      <Badge {...(tone && { tone })}>
                        <span className="max-w-40 truncate font-mono">{detector || "?"}</span>
                        {actionName?.toLowerCase()}
                      </Badge>
                    </li>
                  );
                })}
              </ul>
            )}
          </li>
        );
      })}
    </ol>
  );
}
