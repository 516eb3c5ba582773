import { Star, ThumbsDown, ThumbsUp } from "lucide-react";

import type { Schemas } from "@/shared/api/client";
import { Badge } from "@/shared/ui/Badge";

type Score = Schemas["ScoreView"];

/** A piece of feedback in short: a thumb, stars, a category, or what the user did. */
export function FeedbackValue({ score }: { score: Score }) {
  const { name, value } = score;
  if (name === "thumbs") {
    return value === true ? (
      <span className="inline-flex items-center gap-1.5 text-ok">
        <ThumbsUp size={14} /> Good
      </span>
    ) : (
      <span className="inline-flex items-center gap-1.5 text-danger">
        <ThumbsDown size={14} /> Bad
      </span>
    );
  }
  if (name === "rating" && typeof value === "number") {
    return (
      <span className="inline-flex items-center gap-0.5 text-warn" title={`${value} of 5`}>
        {[1, 2, 3, 4, 5].map((star) => (
          <Star key={star} size={13} fill={star <= value ? "currentColor" : "none"} />
        ))}
        <span className="sr-only">{value} of 5</span>
      </span>
    );
  }
  return <Badge>{name === "category" ? String(value) : name}</Badge>;
}
