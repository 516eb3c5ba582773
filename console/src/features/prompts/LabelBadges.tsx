import { Badge } from "@/shared/ui/Badge";

/** The labels of a version or prompt; `production` stands out. */
export function LabelBadges({ labels }: { labels: readonly (readonly [string, number?])[] }) {
  if (labels.length === 0) return null;
  return (
    <span className="inline-flex flex-wrap gap-1 sm:max-w-80">
      {labels.map(([label, number]) => (
        <Badge key={label} tone={label === "production" ? "ok" : "accent"}>
          {label}
          {number !== undefined && <span className="num font-normal opacity-80">v{number}</span>}
        </Badge>
      ))}
    </span>
  );
}
