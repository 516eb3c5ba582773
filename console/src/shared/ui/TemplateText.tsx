import { lazy, Suspense } from "react";

import { Skeleton } from "@/shared/ui/Skeleton";

const TemplateEditor = lazy(() => import("@/shared/ui/TemplateEditor"));

interface TemplateTextProps {
  label: string;
  value: string;
  onChange?: (value: string) => void;
  placeholder?: string;
}

/** A template, to read or to edit; the editor is loaded when it is first needed. */
export function TemplateText(props: TemplateTextProps) {
  return (
    <Suspense fallback={<Skeleton className="h-10 w-full" />}>
      <TemplateEditor {...props} />
    </Suspense>
  );
}
